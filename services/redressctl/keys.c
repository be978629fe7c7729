/* redressctl keys: makes Ed25519 keys, for those who sign rules and decisions. */

#include "command.h"
#include "options.h"
#include "signature.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KEYS_PATH_MAX = 4096, SECRET_MODE = 0600, PUBLIC_MODE = 0644 };

static enum status write_new(const char *path, const char *text, int mode, struct error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return error_set(error, STATUS_INVALID, "%s: %s", path, strerror(errno));
    char line[SIGNATURE_TEXT_MAX + 1];
    int size = snprintf(line, sizeof line, "%s\n", text);
    bool good = write(fd, line, (size_t)size) == size;
    explicit_bzero(line, sizeof line);
    if (close(fd) != 0 || !good)
        return error_set(error, STATUS_INVALID, "writing %s: %s", path, strerror(errno));
    return STATUS_OK;
}

static enum status generate(const char *name, const char *folder, struct error *error)
{
    struct signature_secret secret;
    char path[KEYS_PATH_MAX], text[SIGNATURE_TEXT_MAX];
    enum status status = signature_secret_make(name, &secret, error);
    if (status != STATUS_OK)
        return status;
    if (snprintf(path, sizeof path, "%s/%s.key", folder, name) >= (int)sizeof path)
        return error_set(error, STATUS_INVALID, "the name of the folder is too long");
    status = write_new(path, signature_secret_text(&secret, text), SECRET_MODE, error);
    explicit_bzero(text, sizeof text);
    if (status == STATUS_OK) {
        (void)snprintf(path, sizeof path, "%s/%s.pub", folder, name);
        status = write_new(path, signature_public_text(&secret, text), PUBLIC_MODE, error);
    }
    if (status == STATUS_OK)
        puts(text);
    signature_secret_wipe(&secret);
    return status;
}

int command_keys(int argc, char **argv)
{
    static const struct usage usage = {
        .arguments = "generate NAME",
        .text =
            "Makes an Ed25519 key pair: NAME.key is the secret (for the one who signs alone),\n"
            "NAME.pub the public key, which is printed, too, as it stands in REDRESS_RULES_KEYS.\n"
            "Behind it may stand what it may sign: NAME:<64 hex>:stop+policy.",
        .least = 2,
        .most = 2,
    };
    const char *folder = ".";
    const struct option_row rows[] = {
        {"out", OPTION_TEXT, "FOLDER", "where the files go (here)", &folder, 0, 0},
    };
    char **arguments;
    int count, code;
    struct error error = {0};
    if (!options_read(&usage, rows, sizeof rows / sizeof *rows, argc, argv, &arguments, &count,
                      &code))
        return code;
    if (strcmp(arguments[0], "generate") != 0)
        return options_refuse(argv[0], "generate NAME; see redressctl keys --help");
    return command_end(argv[0], generate(arguments[1], folder, &error), &error);
}
