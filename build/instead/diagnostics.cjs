// What winston writes about itself when DEBUG says so.
module.exports = () => () => false;
