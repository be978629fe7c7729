/* Failure: what a provider's word for a refund that failed asks for. */

#ifndef SETTLEMENT_FAILURE_H
#define SETTLEMENT_FAILURE_H

/* FINAL: nothing was paid; the claim is free again. DIVERT: only another method can work, with a
 * fresh approval. BLOCK: a person must look before anything else happens. */
enum failure_class { FAILURE_FINAL, FAILURE_DIVERT, FAILURE_BLOCK };

/* A code that is not in the table is FINAL. */
enum failure_class failure_class(const char *code);

#endif
