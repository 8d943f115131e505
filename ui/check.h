/*
 * check: the state of one alert rule as a line and status of Nagios plugins.
 * Pure.
 */
#ifndef UI_CHECK_H
#define UI_CHECK_H

#include "ui/doc.h"
#include "ui/out.h"

enum check_status { CHECK_OK, CHECK_WARNING, CHECK_CRITICAL, CHECK_UNKNOWN };

/* Judges the alert rows of a document; name is the rule asked for. */
enum check_status check_judge(struct out *, const struct doc *,
		    const char *name);

#endif
