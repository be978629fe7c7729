#include "input_file.h"

#include <errno.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { INPUT_PIECE = 64 * 1024 };
#define INPUT_UNPACK_MEMORY_MAX (UINT64_C(256) * 1024 * 1024)

/* https://tukaani.org/xz/xz-file-format.txt, 2.1.1.1 */
static const unsigned char xz_magic[] = {0xfd, '7', 'z', 'X', 'Z', 0x00};

static enum status unpack(lzma_stream *stream, lzma_action action, const char *path,
                          bytes_taker *take, void *context, struct error *error)
{
    unsigned char unpacked[INPUT_PIECE];
    lzma_ret result;
    do {
        stream->next_out = unpacked;
        stream->avail_out = sizeof unpacked;
        result = lzma_code(stream, action);
        if (result != LZMA_OK && result != LZMA_STREAM_END && result != LZMA_BUF_ERROR)
            return error_set(error, STATUS_INVALID, "unpacking %s: xz error %d (damaged file?)",
                             path, (int)result);
        enum status status = take(context, unpacked, sizeof unpacked - stream->avail_out, error);
        if (status != STATUS_OK)
            return status;
    } while (stream->avail_out == 0 && result == LZMA_OK);
    if (action == LZMA_FINISH && result != LZMA_STREAM_END)
        return error_set(error, STATUS_INVALID, "unpacking %s: the file ends too early", path);
    return STATUS_OK;
}

static enum status read_pieces(FILE *file, const char *path, bytes_taker *take, void *context,
                               struct error *error)
{
    unsigned char piece[INPUT_PIECE];
    lzma_stream stream = LZMA_STREAM_INIT;
    bool first = true, packed = false;
    enum status status = STATUS_OK;
    for (size_t size; status == STATUS_OK && (size = fread(piece, 1, sizeof piece, file)) > 0;) {
        if (first && size >= sizeof xz_magic && memcmp(piece, xz_magic, sizeof xz_magic) == 0)
            packed = true;
        if (first && packed &&
            lzma_stream_decoder(&stream, INPUT_UNPACK_MEMORY_MAX, LZMA_CONCATENATED) != LZMA_OK)
            status = error_set(error, STATUS_EXHAUSTED, "unpacking %s: no memory", path);
        first = false;
        stream.next_in = piece;
        stream.avail_in = size;
        if (status == STATUS_OK)
            status = packed ? unpack(&stream, LZMA_RUN, path, take, context, error)
                            : take(context, piece, size, error);
    }
    if (status == STATUS_OK && ferror(file))
        status = error_set(error, STATUS_INVALID, "reading %s: %s", path, strerror(errno));
    if (status == STATUS_OK && packed)
        status = unpack(&stream, LZMA_FINISH, path, take, context, error);
    lzma_end(&stream);
    return status;
}

enum status input_file_read(const char *path, bytes_taker *take, void *context, struct error *error)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    if (file == NULL)
        return error_set(error, STATUS_INVALID, "opening %s: %s", path, strerror(errno));
    enum status status = read_pieces(file, path, take, context, error);
    if (file != stdin)
        (void)fclose(file);
    return status;
}
