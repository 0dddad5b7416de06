/*
 * The words behind "tfa-admin store"; each returns an admin_exit.
 */
#ifndef TFA_ADMIN_STORE_COMMANDS_H
#define TFA_ADMIN_STORE_COMMANDS_H

#include "admin/store/site.h"

int store_status(struct admin *admin);
int store_join(struct admin *admin);
int store_leave(struct admin *admin);
int store_remove(struct admin *admin, const char *host);
int store_migrate(struct admin *admin);
int store_export(struct admin *admin, const char *folder);
int store_key_add(struct admin *admin);
int store_key_use(struct admin *admin, const char *id);
int store_key_drop(struct admin *admin, const char *id);
int store_reseal(struct admin *admin);
int store_level(struct admin *admin);
int store_accept_restore(struct admin *admin);

#endif
