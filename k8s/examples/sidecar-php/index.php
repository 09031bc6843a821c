<?php
// Opened anew for each request: it is a file in memory, and whole whenever it is there.
function wx_access_token(): string
{
    $token = @file_get_contents('/var/run/wx/token');
    if ($token === false || $token === '') {
        throw new RuntimeException('no access_token yet: look at the sidecar');
    }
    return $token;
}

header('content-type: text/plain');
echo 'a token of ', strlen(wx_access_token()), " characters\n";
