# sh read.sh VARIABLE…
#
# Sources 0.env, 1.env … of the current folder, one for each VARIABLE, and prints what that and its _EXPIRES_AT hold,
# each followed by a NUL.
set -eu
i=0
for variable in "$@"; do
  . "./$i.env"
  eval "value=\$$variable expires_at=\$${variable}_EXPIRES_AT"
  printf '%s\0%s\0' "$value" "$expires_at"
  unset "$variable" "${variable}_EXPIRES_AT"
  i=$((i + 1))
done
