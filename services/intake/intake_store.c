#include "intake_store.h"
#include "intake_save.h"

enum status intake_save(struct batch *batch, struct unit *unit)
{
    struct order_saving *orders = order_saving_create(batch->arena, unit);
    struct refund_saving *refunds = refund_saving_create(batch->arena, unit);
    if (orders == NULL || refunds == NULL)
        return STATUS_EXHAUSTED;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < batch->order_count && status == STATUS_OK; i++) {
        const struct order *order = batch->orders[i].rows;
        status = order_saving_add(orders, order);
        for (const struct refund *refund = order->refunds; refund != NULL && status == STATUS_OK;
             refund = refund->next)
            status = refund_saving_add(refunds, order, refund);
    }
    if (status != STATUS_OK)
        return status;
    order_saving_call(orders);
    refund_saving_call(refunds);
    return customers_save(batch->arena, unit, batch->rows);
}
