/*
 * The proof that a hardware key gives of itself.  The gate finds it out, since
 * only the gate knows which key sshd let in, and claims it in its request; the
 * keeper decides by it.
 */
#ifndef TFA_HARDWARE_H
#define TFA_HARDWARE_H

enum hardware {
	HARDWARE_UNSAID = 0,
	HARDWARE_NONE,  /* the key has been judged, and proves nothing */
	HARDWARE_TOUCH, /* somebody touched it */
	HARDWARE_PIN,   /* and gave its PIN, or what stands for that */
};
extern const char *const hardware_names[]; /* indexed by it; verdict.c */

#endif
