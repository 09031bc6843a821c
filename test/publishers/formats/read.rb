# ruby read.rb COUNT
#
# Reads 0.wechat-ruby, 1.wechat-ruby … of the current folder and prints of each what it is of, the value, and when and for
# how long it was got.
require 'json'

found = Array.new(ARGV.fetch(0).to_i) do |i|
  file = JSON.parse(File.read("#{i}.wechat-ruby"))
  of = file.key?('access_token') ? 'token' : 'ticket'
  raise "#{i} has no state" if of == 'ticket' && file.fetch('oauth2_state').length < 32

  times = [file.fetch("got_#{of}_at"), file.fetch("#{of}_expires_in")]
  raise "#{i} has times that are no whole numbers" unless times.all?(Integer)

  [of, file.fetch(of == 'token' ? 'access_token' : 'ticket'), *times]
end
puts JSON.generate(found)
