#!/bin/sh
# Prints C source that embeds the migration files of a folder: embed_migrations.sh NAME FILE...
set -eu
name=$1
shift
printf '#include "migrations.h"\n\nstatic const struct migration items[] = {\n'
for file in "$@"; do
    base=$(basename "$file")
    printf '    {.version = "%s", .name = "%s", .sql =\n' "${base%%_*}" "$base"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/        "&\\n"/' "$file"
    printf '    },\n'
done
printf '};\n\nconst struct migration_list migrations_%s = {items, sizeof items / sizeof *items};\n' "$name"
