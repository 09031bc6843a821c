<?php
// php read-serialized.php COUNT
//
// Unserializes 0.thinkadmin, 1.thinkadmin … of the current folder and prints the arrays as JSON, each string in base64.
$all = [];
for ($i = 0; $i < (int) $argv[1]; $i++) {
    $content = file_get_contents("./$i.thinkadmin");
    $array = unserialize($content, ['allowed_classes' => false]);
    if (serialize($array) !== $content) throw new UnexpectedValueException("PHP writes $i.thinkadmin otherwise");
    $all[] = array_map(function ($value) {
        return is_string($value) ? ['base64' => base64_encode($value)] : $value;
    }, $array);
}
echo json_encode($all);
