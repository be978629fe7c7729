/* XML as a tree, bounded: no document types (and so no entities), no depth beyond a limit.
 * This is the only file that knows expat. */

#ifndef REDRESS_DMN_DMN_XML_H
#define REDRESS_DMN_DMN_XML_H

#include "common/status.h"
#include "feel_value.h"

enum {
    DMN_XML_DEPTH_MAX = 128,       /* elements within each other */
    DMN_XML_ATTRIBUTES_MAX = 64,   /* of one element */
    DMN_XML_TEXT_MAX = 1024 * 1024 /* bytes of one element's own text */
};

struct dmn_attribute {
    struct feel_text name; /* without its namespace */
    struct feel_text value;
};

struct dmn_element {
    struct feel_text name;       /* without its namespace */
    struct feel_text name_space; /* its URI, or empty */
    const struct dmn_attribute *attributes;
    size_t attribute_count;
    struct feel_text text; /* all character data directly within */
    const struct dmn_element *first;
    const struct dmn_element *next; /* sibling */
    uint32_t line;
};

/* A namespace prefix of the document; the last declaration of a prefix wins. */
struct dmn_prefix {
    struct feel_text prefix;
    struct feel_text uri;
    const struct dmn_prefix *next;
};

struct dmn_document {
    const struct dmn_element *root;
    const struct dmn_prefix *prefixes;
};

/* The tree, in the arena. INVALID with line and reason; EXHAUSTED when the arena is. `name` is for
 * messages. */
enum status dmn_xml_parse(struct arena *arena, const char *name, const char *bytes, size_t size,
                          struct dmn_document *out, struct error *error);

/* The attribute's value, or an empty text with NULL bytes. */
struct feel_text dmn_attribute(const struct dmn_element *element, const char *name);

/* The first child of that name at or behind `from`; NULL. */
const struct dmn_element *dmn_find(const struct dmn_element *from, const char *name);
/* dmn_find from the first child. */
const struct dmn_element *dmn_child(const struct dmn_element *element, const char *name);
/* The next sibling of the same name. */
const struct dmn_element *dmn_again(const struct dmn_element *element);

bool dmn_is(const struct dmn_element *element, const char *name);

/* Without white space around it. */
struct feel_text dmn_trim(struct feel_text text);
/* The trimmed text of a child such as <text>; empty with NULL bytes where there is none. */
struct feel_text dmn_child_text(const struct dmn_element *element, const char *name);

#endif
