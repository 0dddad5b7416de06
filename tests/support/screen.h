/*
 * Looks at a terminal as a phone does: finds the QR code among what was sent
 * to it and has zbarimg(1) read it.
 */
#ifndef TFA_TESTS_SCREEN_H
#define TFA_TESTS_SCREEN_H

/*
 * The text of the QR code on the screen, or NULL where none can be read.  Only
 * cells whose two colours were both set count: what the terminal's own theme
 * decides scans on one desk and not on the next.
 */
const char *screen_qr(const char *seen);

/*
 * The text that a person reads, without colours and without blanks at the end
 * of a line.  Each line of a QR code begins with "(QR)"; what stands beside the
 * code follows.
 */
char *screen_text(const char *seen);

/* That text as words with one blank between two, without the QR code: where
 * lines break makes no difference. */
char *screen_words(const char *seen);

/* The value of a parameter of an otpauth URI, such as "secret", or NULL. */
const char *uri_parameter(const char *uri, const char *name);

#endif
