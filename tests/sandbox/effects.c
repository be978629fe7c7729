#include "effects.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const effect_names[] = {
#define X(name, text) text,
    EFFECT_ROWS(X)
#undef X
};

const char *effect_name(enum effect effect)
{
    return effect_names[effect];
}

enum effect effect_find(const char *name)
{
    int effect = 0;
    while (effect < EFFECTS && strcmp(effect_names[effect], name) != 0)
        effect++;
    return (enum effect)effect;
}

/* Cuts off a last line without its end. */
static enum status cut_tail(struct effects *effects, const char *path, struct error *error)
{
    struct stat facts;
    if (fstat(effects->fd, &facts) != 0)
        return error_set(error, STATUS_FATAL, "cannot examine %s: %s", path, strerror(errno));
    int64_t size = facts.st_size;
    char last = '\0';
    while (size > 0 && pread(effects->fd, &last, 1, size - 1) == 1 && last != '\n')
        size--;
    if (size != facts.st_size && ftruncate(effects->fd, size) != 0)
        return error_set(error, STATUS_FATAL, "cannot cut the broken last line of %s: %s", path,
                         strerror(errno));
    effects->size = size;
    return STATUS_OK;
}

enum status effects_open(struct effects *effects, const char *path, struct error *error)
{
    *effects = (struct effects){.fd = -1};
    if (*path == '\0')
        effects->fd = memfd_create("effects", MFD_CLOEXEC);
    else
        effects->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (effects->fd < 0)
        return error_set(error, STATUS_FATAL, "cannot open the log %s: %s", path, strerror(errno));
    return cut_tail(effects, path, error);
}

void effects_close(struct effects *effects)
{
    if (effects->fd >= 0)
        (void)close(effects->fd);
    out_free(&effects->line);
    effects->fd = -1;
}

static struct out *begin(struct effects *effects, enum effect effect, int64_t at_us)
{
    struct out *line = &effects->line;
    effects->count[effect]++;
    out_clear(line);
    out_raw(line, "{\"effect\":");
    out_string(line, effect_names[effect]);
    out_raw(line, ",\"at_us\":");
    out_int(line, at_us);
    return line;
}

static void end(struct effects *effects)
{
    struct out *line = &effects->line;
    out_raw(line, "}\n");
    effects->broken = effects->broken || line->failed;
    for (size_t done = 0; done < line->size && !effects->broken;) {
        ssize_t wrote = write(effects->fd, line->bytes + done, line->size - done);
        if (wrote < 0 && errno != EINTR)
            effects->broken = true;
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    effects->size += (int64_t)line->size;
}

static void put_text(struct out *line, const char *name, const char *value)
{
    out_raw(line, ",\"");
    out_raw(line, name);
    out_raw(line, "\":");
    out_string(line, value);
}

static void put_int(struct out *line, const char *name, int64_t value)
{
    out_raw(line, ",\"");
    out_raw(line, name);
    out_raw(line, "\":");
    out_int(line, value);
}

static void put_payment(struct out *line, const struct store *store, uint32_t number)
{
    const struct payment *payment = &store->payments[number];
    char charge[STORE_ID_ROOM];
    bool stripe = payment->dialect == DIALECT_STRIPE;
    put_text(line, "provider", dialect_text(payment->dialect));
    put_text(line, "payment", payment->id);
    put_text(line, "payment_intent", payment_intent(payment));
    put_text(line, "charge", stripe ? payment_charge(store, number, charge) : NULL);
    put_text(line, "currency", payment_currency(store, payment));
}

/* Numbers of 64 bits go as text: JSON readers keep 53 bits only. */
static void put_use(struct out *line, const struct key_use *use)
{
    if (use == NULL || use->key == NULL) {
        put_text(line, "idempotency_key", NULL);
        return;
    }
    put_text(line, "idempotency_key", use->key);
    out_printf(line, ",\"fingerprint\":\"%016" PRIx64 "\",\"request\":\"%" PRIu64 "\"",
               use->fingerprint, use->request);
}

static void put_metadata(struct out *line, const char *metadata)
{
    const char *key;
    const char *value;
    const char *comma = "";
    out_raw(line, ",\"metadata\":{");
    for (; metadata_next(&metadata, &key, &value); comma = ",") {
        out_raw(line, comma);
        out_string(line, key);
        out_raw(line, ":");
        out_string(line, value);
    }
    out_raw(line, "}");
}

void effects_started(struct effects *effects, int64_t at_us, uint64_t salt)
{
    struct out *line = begin(effects, EFFECT_LOG_STARTED, at_us);
    out_printf(line, ",\"salt\":\"%016" PRIx64 "\"", salt);
    end(effects);
}

void effects_payment(struct effects *effects, int64_t at_us, const struct store *store,
                     uint32_t payment)
{
    struct out *line = begin(effects, EFFECT_PAYMENT_REGISTERED, at_us);
    put_payment(line, store, payment);
    put_int(line, "amount", store->payments[payment].captured);
    end(effects);
}

void effects_refund(struct effects *effects, enum effect effect, int64_t at_us,
                    const struct store *store, uint32_t number, const struct key_use *use,
                    const struct timer *later)
{
    const struct refund *refund = &store->refunds[number];
    char id[STORE_ID_ROOM];
    struct out *line = begin(effects, effect, at_us);
    put_text(line, "refund", refund_id(store, number, id));
    put_payment(line, store, refund->payment);
    put_int(line, "amount", refund->amount);
    put_text(line, "status", refund_status_text(refund->status));
    put_text(line, "failure_reason", refund_failure_text(refund->failure));
    put_text(line, "reason", refund_reason_text(refund->reason));
    put_text(line, "origin", refund->origin == REFUND_BY_HAND ? "dashboard" : "api");
    put_use(line, use);
    if (later != NULL) {
        put_text(line, "later_status", refund_status_text(later->status));
        put_int(line, "later_at_us", later->at_us);
    }
    put_metadata(line, refund->metadata);
    end(effects);
}

void effects_dispute(struct effects *effects, int64_t at_us, const struct store *store,
                     uint32_t number, const struct timer *later)
{
    const struct dispute *dispute = &store->disputes[number];
    bool open = dispute->status == DISPUTE_OPEN;
    char id[STORE_ID_ROOM];
    struct out *line = begin(effects, open ? EFFECT_DISPUTE_CREATED : EFFECT_DISPUTE_CLOSED, at_us);
    put_text(line, "dispute", dispute_id(store, number, id));
    put_payment(line, store, dispute->payment);
    put_int(line, "amount", dispute->amount);
    put_text(line, "status", dispute_status_text(dispute->status));
    if (later != NULL)
        put_int(line, "won_at_us", later->at_us);
    end(effects);
}

void effects_answer(struct effects *effects, int64_t at_us, const struct store *store,
                    const struct key_use *use, unsigned status, const char *body)
{
    char id[STORE_ID_ROOM];
    struct out *line = begin(effects, EFFECT_ANSWER_SAVED, at_us);
    put_int(line, "endpoint", use->endpoint);
    put_text(line, "refund", use->refund == STORE_NONE ? NULL : refund_id(store, use->refund, id));
    put_use(line, use);
    put_int(line, "http_status", status);
    put_text(line, "body", body);
    end(effects);
}
