/* The provider sandbox: options, the state of an earlier run, then the server. */

#include "rebuild.h"
#include "server.h"

#include "common/clock.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The first line of the file. */
static enum status read_api_key(struct sandbox *sandbox, struct error *error)
{
    const char *path = sandbox->options.key_file;
    if (*path == '\0')
        return STATUS_OK;
    FILE *file = fopen(path, "re");
    bool read = file != NULL && fgets(sandbox->api_key, sizeof sandbox->api_key, file) != NULL;
    if (file != NULL)
        (void)fclose(file);
    sandbox->api_key[strcspn(sandbox->api_key, "\r\n")] = '\0';
    if (!read || *sandbox->api_key == '\0')
        return error_set(error, STATUS_INVALID, "--key-file %s: no API key in it", path);
    return STATUS_OK;
}

/* Each connection is a file. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum status start(struct sandbox *sandbox, struct error *error)
{
    const struct options *options = &sandbox->options;
    uint32_t limit = (uint32_t)options->max_refunds;
    enum status status = read_api_key(sandbox, error);
    if (status == STATUS_OK)
        status = faults_parse(&sandbox->faults, options->faults, (uint64_t)options->seed, error);
    if (status == STATUS_OK)
        status = store_open(&sandbox->store, limit, options->payout_key, error);
    if (status == STATUS_OK)
        status = keys_open(&sandbox->keys, 2 * limit, options->key_life_s * CLOCK_SECOND_US, error);
    if (status == STATUS_OK)
        status = effects_open(&sandbox->effects, options->log, error);
    if (status == STATUS_OK)
        status = outbox_open(&sandbox->outbox, options->webhooks, error);
    if (status == STATUS_OK)
        status = rebuild(sandbox, error);
    if (status != STATUS_OK)
        return status;
    sandbox->now_us = clock_wall_us();
    sandbox->requests = (uint64_t)sandbox->now_us;
    if (sandbox->effects.count[EFFECT_LOG_STARTED] == 0) {
        randombytes_buf(&sandbox->store.salt, sizeof sandbox->store.salt);
        effects_started(&sandbox->effects, sandbox->now_us, sandbox->store.salt);
    }
    return STATUS_OK;
}

static void stop(struct sandbox *sandbox)
{
    effects_close(&sandbox->effects);
    outbox_close(&sandbox->outbox);
    keys_close(&sandbox->keys);
    store_close(&sandbox->store);
    timers_free(&sandbox->timers);
}

int main(int argc, char **argv)
{
    static struct sandbox sandbox = {.effects = {.fd = -1}, .outbox = {.fd = -1}};
    struct error error = {""};
    enum status status = options_read(&sandbox.options, argc, argv, &error);
    if (status == STATUS_OK && sandbox.options.help) {
        options_help();
        return EXIT_SUCCESS;
    }
    if (status == STATUS_OK && sodium_init() < 0)
        status = error_set(&error, STATUS_FATAL, "cannot start libsodium");
    raise_file_limit();
    if (status == STATUS_OK)
        status = start(&sandbox, &error);
    if (status == STATUS_OK)
        status = server_run(&sandbox, &error);
    stop(&sandbox);
    if (status == STATUS_OK)
        return EXIT_SUCCESS;
    (void)fprintf(stderr, "sandbox: %s\n", error.text);
    return EXIT_FAILURE;
}
