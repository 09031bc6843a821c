<?php
// php Reader.php FILE BASE_URL ROTATIONS
// Calls WeChat again and again with the token in FILE, until it has used ROTATIONS tokens more than the first one.

[, $file, $baseUrl, $rotations] = $argv;
$token = '';
$used = [];
$calls = 0;
$refused = 0;

while (count($used) <= (int) $rotations) {
    // Read before each call. What is missing or empty never replaces the last good value.
    $read = is_file($file) ? file_get_contents($file) : false;
    if ($read !== false && $read !== '') {
        $token = $read;
    }
    if ($token !== '') {
        $answer = file_get_contents($baseUrl . '/cgi-bin/getcallbackip?access_token=' . rawurlencode($token));
        $calls += 1;
        $refused += isset(json_decode((string) $answer, true)['ip_list']) ? 0 : 1;
        $used[$token] = true;
    }
    usleep(20000);
}

echo json_encode(['calls' => $calls, 'refused' => $refused, 'tokens' => count($used)]), "\n";
