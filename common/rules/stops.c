#include "stops.h"

#include "identity.h"

#include <stdlib.h>
#include <string.h>

/* A stop and its texts, in one piece. */
struct held {
    struct rules_stop stop;
    char texts[];
};

/* Stops by the narrowest thing they name, sorted by it; the widest list names neither. */
enum { BY_REFUND, BY_CUSTOMER, WIDE, LISTS };

struct list {
    struct held **items;
    size_t count, capacity;
};

struct stops {
    struct list lists[LISTS];
    size_t count, limit;
};

enum { STOPS_FIRST = 16 };

struct stops *stops_create(size_t limit)
{
    struct stops *stops = calloc(1, sizeof *stops);
    if (stops != NULL)
        stops->limit = limit;
    return stops;
}

void stops_destroy(struct stops *stops)
{
    if (stops == NULL)
        return;
    for (size_t l = 0; l < LISTS; l++) {
        for (size_t i = 0; i < stops->lists[l].count; i++)
            free(stops->lists[l].items[i]);
        free(stops->lists[l].items);
    }
    free(stops);
}

size_t stops_count(const struct stops *stops)
{
    return stops->count;
}

static const char *name_in(size_t list, const struct rules_stop *stop)
{
    return list == BY_REFUND ? stop->refund_id : list == BY_CUSTOMER ? stop->customer_token : "";
}

/* How many stand before `name`. */
static size_t rank(const struct list *list, size_t which, const char *name)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(name_in(which, &list->items[middle]->stop), name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void forget(struct stops *stops, const char *id)
{
    for (size_t l = 0; l < LISTS; l++) {
        struct list *list = &stops->lists[l];
        for (size_t i = 0; i < list->count; i++) {
            if (strcmp(list->items[i]->stop.id, id) != 0)
                continue;
            free(list->items[i]);
            memmove(list->items + i, list->items + i + 1,
                    (list->count - i - 1) * sizeof(struct held *));
            list->count--;
            stops->count--;
            return;
        }
    }
}

static const char *copy_text(char **room, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*room, text, size);
    *room += size;
    return copy;
}

static struct held *copy_stop(const struct rules_stop *stop)
{
    size_t texts = strlen(stop->id) + strlen(stop->merchant_id) + strlen(stop->customer_token) +
                   strlen(stop->refund_id) + strlen(stop->reason) + 5;
    struct held *held = malloc(sizeof *held + texts);
    if (held == NULL)
        return NULL;
    char *room = held->texts;
    held->stop = *stop;
    held->stop.id = copy_text(&room, stop->id);
    held->stop.merchant_id = copy_text(&room, stop->merchant_id);
    held->stop.customer_token = copy_text(&room, stop->customer_token);
    held->stop.refund_id = copy_text(&room, stop->refund_id);
    held->stop.reason = copy_text(&room, stop->reason);
    return held;
}

static bool make_room(struct list *list)
{
    if (list->count < list->capacity)
        return true;
    size_t capacity = list->capacity == 0 ? STOPS_FIRST : list->capacity * 2;
    struct held **grown = realloc(list->items, capacity * sizeof(struct held *));
    if (grown == NULL)
        return false;
    list->items = grown;
    list->capacity = capacity;
    return true;
}

enum status stops_take(struct stops *stops, const struct rules_stop *stop, bool stopped)
{
    forget(stops, stop->id);
    if (!stopped)
        return STATUS_OK;
    size_t which = *stop->refund_id != '\0'        ? BY_REFUND
                   : *stop->customer_token != '\0' ? BY_CUSTOMER
                                                   : WIDE;
    struct list *list = &stops->lists[which];
    if (stops->count >= stops->limit || !make_room(list))
        return STATUS_EXHAUSTED;
    struct held *held = copy_stop(stop);
    if (held == NULL)
        return STATUS_EXHAUSTED;
    size_t at = rank(list, which, name_in(which, stop));
    memmove(list->items + at + 1, list->items + at, (list->count - at) * sizeof(struct held *));
    list->items[at] = held;
    list->count++;
    stops->count++;
    return STATUS_OK;
}

static bool agrees(const char *wanted, const char *given)
{
    return *wanted == '\0' || strcmp(wanted, given) == 0;
}

/* What is asked about; texts are never NULL. */
struct asked {
    const char *merchant_id, *customer_token, *refund_id;
    int32_t provider;
};

/* The first of a list that has this name and covers what is asked about. */
static const struct rules_stop *find_named(const struct stops *stops, size_t which,
                                           const char *name, const struct asked *asked)
{
    const struct list *list = &stops->lists[which];
    for (size_t i = rank(list, which, name); i < list->count; i++) {
        const struct rules_stop *stop = &list->items[i]->stop;
        if (strcmp(name_in(which, stop), name) != 0)
            break;
        if (agrees(stop->merchant_id, asked->merchant_id) &&
            (stop->provider == 0 || stop->provider == asked->provider) &&
            (*stop->customer_token == '\0' ||
             identity_is_customer(stop->customer_token, asked->merchant_id, asked->customer_token)))
            return stop;
    }
    return NULL;
}

/* By the token, and by what stands for it. */
static const struct rules_stop *find_customer(const struct stops *stops, const struct asked *asked)
{
    char hashed[IDENTITY_CUSTOMER_MAX];
    if (stops->lists[BY_CUSTOMER].count == 0 || *asked->customer_token == '\0')
        return NULL;
    const struct rules_stop *stop = find_named(stops, BY_CUSTOMER, asked->customer_token, asked);
    const char *merchants[] = {asked->merchant_id, ""};
    for (size_t i = 0; stop == NULL && i < 2; i++)
        stop = find_named(stops, BY_CUSTOMER,
                          identity_customer(merchants[i], asked->customer_token, hashed), asked);
    return stop;
}

const struct rules_stop *stops_find(const struct stops *stops, const char *merchant_id,
                                    int32_t provider, const char *customer_token,
                                    const char *refund_id)
{
    const struct asked asked = {.merchant_id = merchant_id == NULL ? "" : merchant_id,
                                .customer_token = customer_token == NULL ? "" : customer_token,
                                .refund_id = refund_id == NULL ? "" : refund_id,
                                .provider = provider};
    const struct rules_stop *stop = find_named(stops, BY_REFUND, asked.refund_id, &asked);
    if (stop == NULL)
        stop = find_customer(stops, &asked);
    return stop != NULL ? stop : find_named(stops, WIDE, "", &asked);
}
