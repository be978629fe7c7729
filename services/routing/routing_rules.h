/* Rules of routing: what it makes of authority models, rosters and calendars, and which of them
 * hold for an event. */

#ifndef REDRESS_ROUTING_RULES_H
#define REDRESS_ROUTING_RULES_H

#include "routing_stage.h"
#include "rules/rules.h"

/* Opens the rules that the context asks for. */
enum status routing_rules_open(struct routing_context *own, const struct config_worker *config,
                               struct error *error) CHECK_RESULT;

/* In loaded: what holds for each event of the batch, into its struct routing_input. Who decides is
 * a matter of today: the model, the roster and the calendar are those in force when the event is
 * handled, whenever the refund was asked for. */
enum status routing_rules_loaded(struct batch *batch) CHECK_RESULT;

#endif
