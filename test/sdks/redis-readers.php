<?php
// php redis-readers.php SOCKET PLATFORM SECRET NAME=KEY…
//
// Reads a token out of Redis as the SDKs of docs/sdks.md do, each by the cache library that it uses, and makes a call
// with it, for as long as it runs. Where an SDK would find none, it fetches at the platform, as the SDK would. After each
// call it prints a line: who called, and the errcode of the answer.
require 'Psr/SimpleCache/autoload.php';
require 'Symfony/Component/Cache/autoload.php';
require 'Illuminate/Cache/autoload.php';
require 'Illuminate/Redis/autoload.php';

[, $socket, $platform, $secret] = $argv;
$redis = new Redis();
$redis->connect($socket);

$symfony = fn(string $namespace) => new Symfony\Component\Cache\Psr16Cache(
    new Symfony\Component\Cache\Adapter\RedisAdapter($redis, $namespace)
);
$laravel = new Illuminate\Cache\Repository(new Illuminate\Cache\RedisStore(
    new Illuminate\Redis\RedisManager(null, 'phpredis', [
        'options' => ['prefix' => 'laravel_database_'],
        'cache' => ['host' => $socket, 'port' => 0],
    ]),
    'laravel_cache',
    'cache'
));
$string = fn($cache, $key) => is_string($found = $cache->get($key)) ? $found : '';
$array = fn($cache, $key) => $cache->has($key) ? $cache->get($key)['access_token'] : '';
$object = function (string $key) use ($redis) {
    $found = json_decode((string) $redis->get($key), true);
    if (is_array($found) && !is_int($found['expires_in'] ?? null)) throw new UnexpectedValueException('a panic');
    return $found['access_token'] ?? '';
};
$twoKeys = function (string $key) use ($redis) {
    $end = json_decode((string) $redis->get("{$key}_expires_at"));
    $found = $redis->get($key);
    if ($found === false || ($end !== null && $end - time() <= 0)) return '';
    return json_decode($found, false, 1, JSON_THROW_ON_ERROR);
};

// How each gets a token; the empty string where it finds none.
$readers = [
    'wxjava-mp' => fn($key) => $redis->ttl($key) >= 2 ? $redis->get($key) : '',
    'easywechat-6' => fn($key) => $string($symfony('easywechat'), substr($key, strlen('easywechat:'))),
    'easywechat-6-laravel' => fn($key) => $string($laravel, substr($key, strlen('laravel_database_laravel_cache:'))),
    'easywechat-5' => fn($key) => $array($symfony(''), $key),
    'easywechat-5-laravel' => fn($key) => $array($laravel, substr($key, strlen('laravel_database_laravel_cache:'))),
    'silenceper' => fn($key) => (string) $redis->get($key),
    'powerwechat' => $object,
    'wechatpy' => $twoKeys,
];

$asking = stream_context_create(['http' => ['ignore_errors' => true]]);
$ask = fn(string $path) => json_decode(file_get_contents($platform . $path, false, $asking), true);

while (true) {
    foreach (array_slice($argv, 4) as $one) {
        [$name, $key] = explode('=', $one, 2);
        $token = $readers[$name]($key);
        if ($token === '') {
            $got = $ask("/cgi-bin/token?grant_type=client_credential&appid=wx1111111111111111&secret=$secret");
            echo "$name fetched\n";
            $token = $got['access_token'] ?? '';
        }
        $answer = $ask('/cgi-bin/getcallbackip?access_token=' . urlencode($token));
        echo $name, ' ', $answer['errcode'] ?? 0, "\n";
    }
    usleep(20000);
}
