/* What the files of the inbox share. */

#ifndef SETTLEMENT_INBOX_INTERNAL_H
#define SETTLEMENT_INBOX_INTERNAL_H

#include "arena.h"
#include "broker.h"
#include "database.h"
#include "inbox.h"
#include "redress/v1/dead_letter.pb-c.h"
#include "redress/v1/provider.pb-c.h"

#include <pthread.h>
#include <stdbool.h>

enum {
    INBOX_PARTITIONS_MAX = 64,
    INBOX_RECORDS_MAX = 256, /* read before they are saved */
    /* Likewise, unless it is one record. The smallest header takes 2 bytes, and 64 unpacked: even
     * so there is room for these and one more record in the arena. */
    INBOX_BYTES_MAX = 96 * 1024,
    INBOX_CHECK_MAX = 256, /* that wait, looked up in one go */
    INBOX_ARENA_MAX = 8 * 1024 * 1024
};

/* Something that was said, on its way to an order. Everything lives in the inbox's arena. */
struct inbox_item {
    Redress__V1__ProviderEvent *event; /* merchant, order and payment once they are known */
    const char *references[WEBHOOK_REFERENCES];
    const char *account; /* that says it; "": not said */
    bool prefix;
    int64_t received_us, expires_us;
    bool located;
    bool refused;         /* another account than the payment's says it */
    bool stored, expired; /* it waits in the database; it has waited too long */
    const char *stored_id;
    struct inbox_item *next;
};

/* Two names of one payment, as its provider vouches. */
struct inbox_alias {
    int provider;
    const char *account, *names[WEBHOOK_REFERENCES];
    struct inbox_alias *next;
};

struct inbox_items {
    struct inbox_item *first, *last;
    size_t count;
    struct inbox_alias *aliases;
};

struct inbox {
    struct inbox_settings settings;
    struct config_worker worker;
    pthread_t thread;
    pthread_mutex_t mutex;
    bool stopping; /* under the mutex */

    /* The thread's own. */
    struct database *database;
    struct consumer *consumer;
    struct producer *producer;
    struct arena *arena, *database_arena;
    struct webhook_facts *facts;
    int wake_fd;
    bool leads; /* holds the lock */
    bool delivery_failed;
    int32_t partitions;      /* of the inbox's topic */
    int32_t shards, letters; /* partitions of the topics that it writes to */
    int64_t next[INBOX_PARTITIONS_MAX];
    int64_t waiting;    /* how many wait, about */
    int64_t connect_us; /* monotonic: not before */
};

/* inbox_store.c. STATUS_RETRY: the connection is gone and closed. */
enum status inbox_connect(struct inbox *inbox, struct error *error) CHECK_RESULT;
void inbox_disconnect(struct inbox *inbox);
enum status inbox_lead(struct inbox *inbox, struct error *error) CHECK_RESULT;
enum status inbox_load_progress(struct inbox *inbox, struct error *error) CHECK_RESULT;

/* Sets merchant, order and payment of the items whose payment is known, unless the item speaks for
 * another account; where that is not known, it is not verified any more. */
enum status inbox_locate(struct inbox *inbox, struct inbox_items *items,
                         struct error *error) CHECK_RESULT;

/* Saves progress, other names of payments, what waits from now on, and what waits no more; drops
 * what nobody waits for. */
enum status inbox_save(struct inbox *inbox, const struct inbox_items *items,
                       struct error *error) CHECK_RESULT;

/* Those that wait and are due to be looked for. */
enum status inbox_load_due(struct inbox *inbox, struct inbox_items *items,
                           struct error *error) CHECK_RESULT;

/* inbox_event.c. An item for each fact of a record. STATUS_EXHAUSTED: no room in the arena;
 * STATUS_UNPROCESSABLE: `reason` and `rule` say why it is none. */
enum status inbox_read(struct inbox *inbox, const struct record *record, struct inbox_items *items,
                       Redress__V1__DeadLetterReason *reason, const char **rule) CHECK_RESULT;
struct inbox_item *inbox_item_add(struct inbox *inbox, struct inbox_items *items);

/* Sends the event of a located item. */
enum status inbox_publish(struct inbox *inbox, struct inbox_item *item,
                          struct error *error) CHECK_RESULT;

/* Sends a dead letter: of a record, or of an item that waited too long. */
enum status inbox_refuse(struct inbox *inbox, const struct record *record,
                         Redress__V1__DeadLetterReason reason, const char *rule,
                         struct error *error) CHECK_RESULT;
enum status inbox_give_up(struct inbox *inbox, const struct inbox_item *item,
                          struct error *error) CHECK_RESULT;

/* As inbox_give_up, of an item that is refused. */
enum status inbox_reject(struct inbox *inbox, const struct inbox_item *item,
                         struct error *error) CHECK_RESULT;

#endif
