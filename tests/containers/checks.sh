# Sourced by try.sh: what it checks. Each function says what is wrong and fails, or succeeds.
# It sets `project`, `root`, `work` (a directory for what is looked at), WORKERS and the deadlines.
# shellcheck shell=bash disable=SC2154

# http CONTAINER PORT PATH: the body of an answer, asked inside the container.
http()
{
    # shellcheck disable=SC2016
    docker exec "$1" bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"
        printf "GET $1 HTTP/1.0\r\n\r\n" >&3; cat <&3' "$2" "$3" | sed '1,/^\r$/d'
}

inspect() { docker inspect -f "$1" "$2"; }

provider() { http "$(containers sandbox)" 12111 /sandbox/summary | jq -c "$1"; }

# metric CONTAINER NAME
metric()
{
    http "$1" 8080 /metrics | awk -v name="redress_$2{" 'index($1, name) == 1 { print $2 }'
}

# all_healthy SERVICE COUNT
all_healthy()
{
    local id count=0
    for id in $(containers "$1"); do
        [ "$(inspect '{{.State.Health.Status}}' "$id")" = healthy ] || return 1
        count=$((count + 1))
    done
    [ "$count" -eq "$2" ]
}

jobs_done()
{
    local job
    for job in topics migrate; do
        [ "$(docker ps -aq --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$job" --filter exited=0 | wc -l)" -eq 1 ] ||
            { echo "$job did not succeed"; return 1; }
    done
}

# What the dashboard shows is there, of each worker.
dashboard_is_served()
{
    local worker name names
    mapfile -t names < <(grep -oE 'redress_[a-z_]+' deploy/dashboards/redress.json | sort -u)
    for worker in "${WORKERS[@]}"; do
        http "$(containers "$worker")" 8080 /metrics >"$work/metrics"
        for name in "${names[@]}"; do
            grep -q "^$name{worker=\"$worker\"} " "$work/metrics" ||
                { echo "$worker has no $name"; return 1; }
        done
    done
    [ "${#names[@]}" -gt 0 ]
}

# What still moves: events, requests parked, cases to decide, payouts.
moving()
{
    jq '[.workers[] | (.lag // 1) + (.unpublished // 1) + (if .ready then 0 else 1 end)] +
        [.workers[].waiting[]? |
            select(.what | IN("parked", "cases to decide", "payouts under way")).count] | add' \
        "$work/status.json"
}

# Twice in a row, as what one worker said may not have reached the next when that one was looked at.
settled()
{
    local look
    for look in first second; do
        if ! ctl status --json >"$work/status.json" || [ "$(moving)" != 0 ]; then
            ctl decide --all approve "${APPROVERS[@]}"
            echo "$look look: $(jq -c . "$work/status.json")"
            return 1
        fi
    done
    jq -e '.dead_letters == 0' "$work/status.json"
}

# each_request_has_an_outcome ORDERS
each_request_has_an_outcome()
{
    ctl report --json >"$work/report.json" && jq -c . "$work/report.json" &&
        jq -e --argjson orders "$1" '.orders == $orders and .requests > 0 and
            ([.outcomes[].count] | add) == .requests' "$work/report.json"
}

# Same count and money by currency on both sides, nothing twice. MANUAL is what a card cannot carry,
# such as dinars with a third decimal: a person pays it. CANCELLED is what the customer took back.
provider_agrees()
{
    provider . >"$work/provider.json" &&
        jq -c '{currencies, payouts, statuses}' "$work/provider.json" &&
        ctl report --json >"$work/report.json" && jq -c .payouts "$work/report.json" &&
        jq -e --slurpfile provider "$work/provider.json" '
            (.payouts | keys - ["SUCCEEDED", "MANUAL", "CANCELLED"]) == [] and
            .payouts.SUCCEEDED.count > 0 and
            .payouts.SUCCEEDED.count == $provider[0].statuses.succeeded and
            .payouts.SUCCEEDED.count == $provider[0].payouts.distinct and
            $provider[0].payouts.duplicates == 0 and
            .payouts.SUCCEEDED.amount_minor == ($provider[0].currencies |
                with_entries(.key |= ascii_upcase | .value |= .net_amount))' "$work/report.json"
}

# Of the first process of the container, which is the program itself.
unprivileged()
{
    docker exec "$(containers "$1")" grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs):' /proc/1/status \
        >"$work/process" && cat "$work/process" &&
        awk '$1 == "Uid:" && ($2 == 0 || $3 == 0) { bad = 1 }
             $1 ~ /^Cap/ && $2 !~ /^0+$/ { bad = 1 }
             $1 == "NoNewPrivs:" && $2 != 1 { bad = 1 }
             END { exit bad || NR != 4 }' "$work/process"
}

read_only()
{
    local id path
    id=$(containers "$1")
    [ "$(inspect '{{.HostConfig.ReadonlyRootfs}}' "$id")" = true ] || return 1
    for path in /probe /usr/local/bin/probe /etc/probe /var/lib/probe; do
        if docker exec --user 0 "$id" touch "$path"; then echo "$path can be written"; return 1; fi
    done
}

secrets_of()
{
    case $1 in
        sandbox) echo stripe.key ;;
        policy) printf '%s\n' database.password rules.keys stage.keys ;;
        routing) printf '%s\n' approval.keys database.password rules.keys stage.keys ;;
        settlement)
            printf '%s\n' approval.keys database.password goods.keys rules.keys stage.keys stripe.key
            ;;
        intake) printf '%s\n' database.password goods.keys stage.keys ;;
        analytics) printf '%s\n' database.password stage.keys ;;
        *) echo database.password ;;
    esac
}

own_secrets()
{
    diff <(secrets_of "$1") <(docker exec "$(containers "$1")" ls /run/secrets)
}

secrets_are_files()
{
    local file
    {
        docker ps -aq --filter "label=com.docker.compose.project=$project" | xargs docker inspect
        docker image inspect redress:local
        docker history --no-trunc redress:local
    } >"$work/inspected"
    [ -s "$work/inspected" ] || return 1
    for file in deploy/secrets/*; do
        if grep -qF -f "$file" "$work/inspected"; then echo "$file shows"; return 1; fi
    done
    docker run --rm --network none --entrypoint ls redress:local /run >"$work/run" &&
        ! grep secrets "$work/run"
}

# Outside of a checkout there is nothing to look at.
secrets_are_untracked()
{
    local file
    git rev-parse --git-dir >/dev/null 2>&1 || return 0
    [ -z "$(git ls-files deploy/secrets)" ] || return 1
    for file in deploy/secrets/*; do
        git check-ignore -q "$file" || { echo "$file is not ignored"; return 1; }
        [ -z "$(git log --all -1 --format=%h -- "$file")" ] ||
            { echo "$file was committed"; return 1; }
    done
}

more_refunds_than() { [ "$(provider .refunds)" -gt "$1" ]; }

restarted() { [ "$(inspect '{{.RestartCount}}' "$1")" -gt 0 ]; }

# kill_settlement REFUNDS: as soon as the provider paid more than these, and before it has paid all.
kill_settlement()
{
    local id
    id=$(containers settlement)
    wait_until "$FLOW_DEADLINE_S" more_refunds_than "$1" || { echo "no traffic"; return 1; }
    kill -KILL "$(inspect '{{.State.Pid}}' "$id")" &&
        provider .refunds >"$work/refunds-at-kill" &&
        wait_until "$UP_DEADLINE_S" restarted "$id"
}

# Each owns some, and together all six, none twice.
shards_are_shared()
{
    local id owned sum=0
    for id in $(containers policy); do
        owned=$(metric "$id" shards)
        echo "$id owns $owned"
        [ "$owned" -eq 2 ] || return 1
        sum=$((sum + owned))
    done
    [ "$sum" -eq 6 ]
}

each_instance_worked()
{
    local id
    for id in $(containers policy); do
        echo "$id took $(metric "$id" events_total) events"
        [ "$(metric "$id" events_total)" -gt 0 ] || return 1
    done
    [ "$(cat "$work/refunds-at-kill")" -lt "$(provider .refunds)" ] ||
        { echo "settlement was killed too late"; return 1; }
}

ended_in_order()
{
    local service id code
    for service in "${WORKERS[@]}" sandbox; do
        for id in $(docker ps -aq --filter "label=com.docker.compose.project=$project" \
            --filter "label=com.docker.compose.service=$service"); do
            code=$(inspect '{{.State.ExitCode}}' "$id")
            echo "$service $id: $code"
            [ "$code" -eq 0 ] || return 1
        done
    done
}

same_report()
{
    ctl report --json >"$work/after.json" &&
        diff <(jq -S . "$work/before.json") <(jq -S . "$work/after.json")
}

nothing_left()
{
    local kind
    for kind in "ps -a" "volume ls" "network ls"; do
        # shellcheck disable=SC2086
        docker $kind --filter "label=com.docker.compose.project=$project" -q >"$work/left"
        if [ -s "$work/left" ]; then echo "$kind: $(tr '\n' ' ' <"$work/left")"; return 1; fi
    done
}
