#include "dmn_xml.h"

#include <expat.h>
#include <stdio.h>
#include <string.h>

#include "feel_lexer.h"

/* Expat 2.9 deprecates the name that is all the versions before it have. */
#if XML_MAJOR_VERSION > 2 || (XML_MAJOR_VERSION == 2 && XML_MINOR_VERSION >= 9)
#define CURRENT_LINE XML_GetCurrentLineNumber64
#else
#define CURRENT_LINE XML_GetCurrentLineNumber
#endif

/* An element under construction. */
struct open {
    struct dmn_element *element;
    struct dmn_element *last_child;
    char *text;
    size_t room;
};

struct builder {
    XML_Parser parser;
    struct arena *arena;
    struct dmn_document *out;
    struct open stack[DMN_XML_DEPTH_MAX];
    size_t depth;
    bool exhausted;
    const char *refused;
};

static void stop(struct builder *b, const char *reason)
{
    if (b->refused == NULL)
        b->refused = reason;
    (void)XML_StopParser(b->parser, XML_FALSE);
}

static void *take(struct builder *b, size_t size)
{
    void *memory = arena_zalloc(b->arena, size);
    if (memory == NULL) {
        b->exhausted = true;
        stop(b, "the document needs more memory than it is allowed");
    }
    return memory;
}

static struct feel_text copy(struct builder *b, const char *bytes, size_t size)
{
    char *text = take(b, size + 1);
    if (text == NULL)
        return (struct feel_text){"", 0};
    memcpy(text, bytes, size);
    return (struct feel_text){text, size};
}

/* expat gives "uri|local". */
static struct feel_text local_name(struct builder *b, const char *name, struct feel_text *uri)
{
    const char *bar = strrchr(name, '|');
    if (uri != NULL)
        *uri = bar == NULL ? (struct feel_text){"", 0} : copy(b, name, (size_t)(bar - name));
    const char *local = bar == NULL ? name : bar + 1;
    return copy(b, local, strlen(local));
}

static void read_attributes(struct builder *b, struct dmn_element *element,
                            const XML_Char **attributes)
{
    size_t count = 0;
    while (attributes[2 * count] != NULL)
        count++;
    if (count > DMN_XML_ATTRIBUTES_MAX) {
        stop(b, "an element with too many attributes");
        return;
    }
    struct dmn_attribute *list = take(b, (count + 1) * sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++) {
        list[i].name = local_name(b, attributes[2 * i], NULL);
        list[i].value = copy(b, attributes[2 * i + 1], strlen(attributes[2 * i + 1]));
    }
    element->attributes = list;
    element->attribute_count = list == NULL ? 0 : count;
}

static void on_start(void *data, const XML_Char *name, const XML_Char **attributes)
{
    struct builder *b = data;
    if (b->depth == DMN_XML_DEPTH_MAX) {
        stop(b, "elements nested too deep");
        return;
    }
    struct dmn_element *element = take(b, sizeof *element);
    if (element == NULL)
        return;
    element->name = local_name(b, name, &element->name_space);
    element->text = (struct feel_text){"", 0};
    element->line = (uint32_t)CURRENT_LINE(b->parser);
    read_attributes(b, element, attributes);
    if (b->depth == 0) {
        b->out->root = element;
    } else {
        struct open *parent = &b->stack[b->depth - 1];
        if (parent->last_child == NULL)
            parent->element->first = element;
        else
            parent->last_child->next = element;
        parent->last_child = element;
    }
    b->stack[b->depth++] = (struct open){.element = element};
}

static void on_end(void *data, const XML_Char *name)
{
    struct builder *b = data;
    (void)name;
    if (b->depth > 0)
        b->depth--;
}

static void on_text(void *data, const XML_Char *bytes, int size)
{
    struct builder *b = data;
    if (b->depth == 0 || size <= 0)
        return;
    struct open *open = &b->stack[b->depth - 1];
    size_t have = open->element->text.size, need = have + (size_t)size;
    if (need > DMN_XML_TEXT_MAX) {
        stop(b, "a text that is too long");
        return;
    }
    if (need > open->room) {
        char *grown = take(b, need * 2);
        if (grown == NULL)
            return;
        if (have > 0)
            memcpy(grown, open->text, have);
        open->text = grown;
        open->room = need * 2;
    }
    memcpy(open->text + have, bytes, (size_t)size);
    open->element->text = (struct feel_text){open->text, need};
}

static void on_prefix(void *data, const XML_Char *prefix, const XML_Char *uri)
{
    struct builder *b = data;
    struct dmn_prefix *entry = take(b, sizeof *entry);
    if (entry == NULL)
        return;
    entry->prefix = copy(b, prefix == NULL ? "" : prefix, prefix == NULL ? 0 : strlen(prefix));
    entry->uri = copy(b, uri == NULL ? "" : uri, uri == NULL ? 0 : strlen(uri));
    entry->next = b->out->prefixes;
    b->out->prefixes = entry;
}

static void on_doctype(void *data, const XML_Char *name, const XML_Char *system,
                       const XML_Char *public_id, int internal)
{
    (void)name, (void)system, (void)public_id, (void)internal;
    stop(data, "document types and entities are refused");
}

enum status dmn_xml_parse(struct arena *arena, const char *name, const char *bytes, size_t size,
                          struct dmn_document *out, struct error *error)
{
    struct builder *b = arena_zalloc(arena, sizeof *b);
    XML_Parser parser = XML_ParserCreateNS(NULL, '|');
    *out = (struct dmn_document){.root = NULL};
    if (b == NULL || parser == NULL || size > INT32_MAX) {
        if (parser != NULL)
            XML_ParserFree(parser);
        return error_set(error, STATUS_EXHAUSTED, "%s: no memory to read it", name);
    }
    b->parser = parser;
    b->arena = arena;
    b->out = out;
    XML_SetUserData(parser, b);
    XML_SetElementHandler(parser, on_start, on_end);
    XML_SetCharacterDataHandler(parser, on_text);
    XML_SetStartNamespaceDeclHandler(parser, on_prefix);
    XML_SetStartDoctypeDeclHandler(parser, on_doctype);
    enum XML_Status status = XML_Parse(parser, bytes, (int)size, XML_TRUE);
    unsigned long line = (unsigned long)CURRENT_LINE(parser);
    const char *reason =
        b->refused != NULL ? b->refused : XML_ErrorString(XML_GetErrorCode(parser));
    XML_ParserFree(parser);
    if (status == XML_STATUS_OK && b->refused == NULL && out->root != NULL)
        return STATUS_OK;
    return error_set(error, b->exhausted ? STATUS_EXHAUSTED : STATUS_INVALID, "%s:%lu: %s", name,
                     line, reason == NULL ? "not XML" : reason);
}

struct feel_text dmn_attribute(const struct dmn_element *element, const char *name)
{
    for (size_t i = 0; element != NULL && i < element->attribute_count; i++)
        if (feel_text_is(element->attributes[i].name, feel_text(name)))
            return element->attributes[i].value;
    return (struct feel_text){NULL, 0};
}

bool dmn_is(const struct dmn_element *element, const char *name)
{
    return feel_text_is(element->name, feel_text(name));
}

const struct dmn_element *dmn_find(const struct dmn_element *from, const char *name)
{
    for (; from != NULL; from = from->next)
        if (dmn_is(from, name))
            return from;
    return NULL;
}

const struct dmn_element *dmn_child(const struct dmn_element *element, const char *name)
{
    return element == NULL ? NULL : dmn_find(element->first, name);
}

const struct dmn_element *dmn_again(const struct dmn_element *element)
{
    for (const struct dmn_element *at = element->next; at != NULL; at = at->next)
        if (feel_text_is(at->name, element->name))
            return at;
    return NULL;
}

struct feel_text dmn_trim(struct feel_text text)
{
    while (text.size > 0 && feel_is_space((unsigned char)text.bytes[0])) {
        text.bytes++;
        text.size--;
    }
    while (text.size > 0 && (unsigned char)text.bytes[text.size - 1] <= ' ')
        text.size--;
    return text;
}

struct feel_text dmn_child_text(const struct dmn_element *element, const char *name)
{
    const struct dmn_element *child = dmn_child(element, name);
    return child == NULL ? (struct feel_text){NULL, 0} : dmn_trim(child->text);
}
