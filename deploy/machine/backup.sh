#!/bin/sh
# Copies Slipway's stores while it runs: /opt/slipway/backup.sh
#
# usage: backup.sh STATE_DIRECTORY BACKUP_DIRECTORY [DAYS]
#
# Each file is copied whole, as of one moment, into a folder named after the time; folders older than DAYS (14) are deleted. The
# order matters: `queue` first. A fact that has moved on from there to another file meanwhile is then in both copies, where it
# does nothing twice; in the other order it would be in neither.
set -eu

state=$1
backups=$2
days=${3:-14}

name=$(date -u +%Y%m%dT%H%M%SZ)
part=$backups/$name.part
umask 077
mkdir -p "$part"
for store in queue default inbox ledger; do
    sqlite3 "$state/$store.db" ".timeout 10000" ".backup '$part/$store.db'"
    answer=$(sqlite3 "$part/$store.db" "PRAGMA integrity_check")
    if [ "$answer" != ok ]; then
        echo "backup.sh: the copy of $store.db is broken: $answer" >&2
        exit 1
    fi
done
# Only a backup that is whole has a name without .part.
mv "$part" "$backups/$name"
find "$backups" -mindepth 1 -maxdepth 1 -type d -name '*Z*' -mtime "+$days" -exec rm -r {} +
echo "$backups/$name"
