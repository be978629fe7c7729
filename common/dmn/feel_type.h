/* FEEL types: the built-in ones, the constructed ones and item definitions (10.3.2.9). */

#ifndef REDRESS_DMN_FEEL_TYPE_H
#define REDRESS_DMN_FEEL_TYPE_H

#include "feel_name.h"

enum feel_type_form {
    FEEL_TYPE_ANY,
    FEEL_TYPE_KIND,     /* a built-in type: values of one kind */
    FEEL_TYPE_LIST,     /* of `element` */
    FEEL_TYPE_RANGE,    /* over `element` */
    FEEL_TYPE_CONTEXT,  /* with `members` of `types` */
    FEEL_TYPE_FUNCTION, /* `types` to `element` */
    FEEL_TYPE_NAMED     /* an item definition: `element`, and the constraints */
};

struct feel_node;

struct feel_type {
    enum feel_type_form form;
    enum feel_kind kind;
    struct feel_text name; /* of an item definition */
    const struct feel_type *element;
    const struct feel_symbol *const *members;
    const struct feel_type *const *types;
    size_t count;
    const struct feel_node *allowed; /* unary tests; may be NULL */
};

/* "number", "days and time duration", "Any", ...; NULL when no built-in type has that name. Old
 * spellings such as dayTimeDuration are known. */
const struct feel_type *feel_builtin_type(struct feel_text name);

const struct feel_type *feel_any_type(void);

/* Writes the type as it is called, for messages: "number", "list<tFee>". */
void feel_type_write(const struct feel_type *type, char *out, size_t room);

/* Follows item definitions to what they are made of; NULL after too many of them. */
const struct feel_type *feel_base_type(const struct feel_type *type);

#endif
