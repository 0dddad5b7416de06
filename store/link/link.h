/*
 * tfa-link: the only process of tfa with a network.  It asks etcd for sealed
 * records that it cannot open, for keepers on this machine.
 *
 *	main.c       options, rights, the socket
 *	check.c      --check
 *	listen.c     who may ask, the loop
 *	upkeep.c     polls, probes, compaction, "status"
 *	engine.c     tries of a request, until its time is over; task.c
 *	http.c       HTTPS, by libcurl
 *	secrets.c    keys and passwords; certificate.c
 *
 * These do no I/O and take the time as an argument:
 *
 *	request.c    packets of the keeper, PROTOCOL.md
 *	etcd.c       bodies of requests; etcd_judge.c, etcd_read.c: replies
 *	tree.c       foreign JSON
 *	endpoints.c  which member is asked; the breaker
 *	token.c      when to authenticate
 *	history.c    when to compact, and to which revision
 */
#ifndef TFA_LINK_LINK_H
#define TFA_LINK_LINK_H

#define LINK_CREDENTIALS "/etc/tfa/link"
#define LINK_USER        "_tfalink"
#define LINK_KEEPER      "_tfa"

#endif
