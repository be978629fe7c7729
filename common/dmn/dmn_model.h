/* Inside a loaded set of models: what the files that load, evaluate, trace and analyse share. */

#ifndef REDRESS_DMN_DMN_MODEL_H
#define REDRESS_DMN_DMN_MODEL_H

#include "dmn.h"
#include "dmn_xml.h"
#include "feel_run.h"

enum {
    DMN_REQUIREMENT_DEPTH_MAX = 64, /* decisions that require each other, one below the other */
    DMN_IMPORT_DEPTH_MAX = 16
};

enum dmn_node_kind { DMN_INPUT, DMN_DECISION, DMN_KNOWLEDGE, DMN_SERVICE };

struct dmn_model;
struct dmn_node;

/* Something that a node may use, by its name or as import.name. */
struct dmn_requirement {
    const struct dmn_node *node;
    const struct feel_symbol *import; /* NULL: by its own name */
};

/* Input data, a decision, a business knowledge model or a decision service. */
struct dmn_node {
    enum dmn_node_kind kind;
    const struct dmn_model *model;
    const struct dmn_element *element;
    struct feel_text id;
    struct feel_text title; /* as written in the model */
    const struct feel_symbol *name;
    size_t index; /* within the set */
    const struct feel_type *type;
    bool fits; /* of input data: dmn_expect found nothing to convert or to refuse */
    const struct feel_place *place;
    const struct dmn_requirement *requirements;
    size_t requirement_count;
    const struct feel_node *logic; /* NULL: has none */
    /* Of knowledge and services: parameters, and what they call for. */
    const struct feel_symbol *const *names;
    const struct feel_type *const *types;
    size_t parameter_count;
    const struct dmn_node *const *parameters; /* of a service: the nodes that they stand for */
    const struct dmn_node *const *outputs;    /* of a service */
    size_t output_count;
};

struct dmn_import {
    const struct feel_symbol *name; /* NULL: elements are in sight under their own names */
    const struct dmn_model *model;
};

struct dmn_item_type {
    struct feel_text name;
    const struct dmn_element *element;
    struct feel_type *type;
};

struct dmn_model {
    struct dmn_models *set;
    struct feel_text file;
    struct feel_text name;
    struct feel_text name_space;
    struct dmn_document document;
    struct dmn_import *imports;
    size_t import_count;
    struct dmn_item_type *types;
    size_t type_count;
    struct dmn_node **nodes;
    size_t node_count;
};

struct dmn_problems {
    struct dmn_problem *list;
    size_t count;
    size_t room;
};

struct dmn_table;

struct dmn_models {
    struct arena *arena;
    struct arena *scratch;  /* while loading; NULL after */
    struct feel_node spare; /* stands in where memory ended, until the loader gives up */
    struct dmn_limits limits;
    struct feel_symbols symbols;
    struct feel_words words;
    struct feel_zones zones;
    struct feel_scope members;
    struct feel_scope base; /* the built-in functions */
    struct dmn_model *models;
    size_t model_count;
    size_t node_count;
    struct dmn_problems problems;
    const struct dmn_table *first_table; /* all tables, in order */
    const struct dmn_table **tables_end;
};

/* Notes a problem at an element. */
__attribute__((format(printf, 4, 5))) void dmn_report(struct dmn_model *model,
                                                      const struct dmn_element *element,
                                                      struct feel_text where, const char *format,
                                                      ...);

struct feel_compiler dmn_compiler(struct dmn_model *model);

/* The place of an element; NULL when memory ends. */
const struct feel_place *dmn_place(struct dmn_model *model, const struct dmn_element *element,
                                   struct feel_text where);

/* dmn_type.c: item definitions of a model, and type references. */
void dmn_declare_types(struct dmn_model *model);
void dmn_define_types(struct dmn_model *model);
/* NULL where the reference is empty or unknown, which is reported. */
const struct feel_type *dmn_type_of(struct dmn_model *model, const struct dmn_element *element,
                                    struct feel_text reference);

/* dmn_boxed.c: an expression element as a tree; never NULL: what does not compile is BROKEN. */
const struct feel_node *dmn_compile(struct dmn_model *model, const struct dmn_element *element,
                                    const struct feel_scope *scope, struct feel_text where);
/* The first child that is an expression; NULL. */
const struct dmn_element *dmn_expression_child(const struct dmn_element *element);
/* A text as an expression or as unary tests. */
const struct feel_node *dmn_compile_text(struct dmn_model *model, const struct dmn_element *element,
                                         struct feel_text text, bool tests,
                                         const struct feel_scope *scope, struct feel_text where);

/* dmn_requirement.c */
struct dmn_node *dmn_resolve(struct dmn_model *model, struct feel_text href);
void dmn_link_nodes(struct dmn_model *model);
void dmn_compile_nodes(struct dmn_model *model);

/* An array of the set's memory; NULL when it ends, which the loader notices at the end. */
void *dmn_take(struct dmn_model *model, size_t count, size_t size);

#endif
