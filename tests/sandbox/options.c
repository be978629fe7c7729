#include "options.h"

#include "faults.h"
#include "store.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum status read_TEXT(const char **field, const char *name, const char *value, int64_t least,
                             int64_t most, struct error *error)
{
    (void)name, (void)least, (void)most, (void)error;
    *field = value;
    return STATUS_OK;
}

static enum status read_COUNT(int64_t *field, const char *name, const char *value, int64_t least,
                              int64_t most, struct error *error)
{
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < least || number > most)
        return error_set(error, STATUS_INVALID, "%s=%s: a count from %lld to %lld", name, value,
                         (long long)least, (long long)most);
    *field = number;
    return STATUS_OK;
}

/* Defaults, then the environment. */
static enum status read_environment(struct options *options, struct error *error)
{
    enum status status;
#define X(field, flag, variable, kind, value, least, most, help)                                \
    {                                                                                           \
        const char *given = getenv(variable);                                                   \
        status = read_##kind(&options->field, variable, given == NULL ? (value) : given, least, \
                             most, error);                                                      \
        if (status != STATUS_OK)                                                                \
            return status;                                                                      \
    }
    OPTION_ROWS(X)
#undef X
    return STATUS_OK;
}

static enum status read_flag(struct options *options, const char *name, const char *value,
                             struct error *error)
{
#define X(field, flag, variable, kind, initial, least, most, help)                        \
    if (strcmp(name, flag) == 0)                                                          \
        return value == NULL ? error_set(error, STATUS_INVALID, "%s: give a value", name) \
                             : read_##kind(&options->field, name, value, least, most, error);
    OPTION_ROWS(X)
#undef X
    return error_set(error, STATUS_INVALID, "unknown option %s: --help lists them", name);
}

static enum status check(const struct options *options, struct error *error)
{
    int outcome = refund_status_find(options->outcome);
    if (outcome != REFUND_SUCCEEDED && outcome != REFUND_PENDING &&
        outcome != REFUND_REQUIRES_ACTION)
        return error_set(error, STATUS_INVALID,
                         "--outcome %s: succeeded, pending or requires_action", options->outcome);
    if (strcmp(options->payments, "open") != 0 && strcmp(options->payments, "registered") != 0)
        return error_set(error, STATUS_INVALID, "--payments %s: open or registered",
                         options->payments);
    const char *code = options->currency;
    if (strlen(code) != 3 || !islower((unsigned char)code[0]) || !islower((unsigned char)code[1]) ||
        !islower((unsigned char)code[2]))
        return error_set(error, STATUS_INVALID, "--currency %s: three lower-case letters", code);
    return STATUS_OK;
}

enum status options_read(struct options *options, int argc, char **argv, struct error *error)
{
    *options = (struct options){0};
    enum status status = read_environment(options, error);
    for (int i = 1; i < argc && status == STATUS_OK; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            options->help = true;
            return STATUS_OK;
        }
        status = read_flag(options, argv[i], i + 1 < argc ? argv[i + 1] : NULL, error);
        i++;
    }
    return status == STATUS_OK ? check(options, error) : status;
}

void options_help(void)
{
    puts("sandbox: a payment provider for tests, speaking the refund APIs of Stripe, Adyen and\n"
         "PayPal over HTTP.\n\n"
         "Each option is a flag with a value, or an environment variable.\n");
#define X(field, flag, variable, kind, value, least, most, help) \
    printf("  %-18s %s\n  %-18s %s, default \"%s\"\n", flag, help, "", variable, value);
    OPTION_ROWS(X)
#undef X
    puts("\nFaults, each with a rate from 0 to 1; \"any\" strikes any request to a provider's API, "
         "the others\n"
         "the creation of a refund:");
#define X(name, text, help) printf("  %-18s %s\n", text, help);
    FAULT_ROWS(X)
#undef X
#define X(name, text, value, help) printf("  %-18s %s (default %d)\n", text, help, value);
    FAULT_TIME_ROWS(X)
#undef X
}
