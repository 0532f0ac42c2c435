/* Says which sources the library was built from. */

#include "lanes.h"

#ifndef SOURCE_DIGEST
#define SOURCE_DIGEST ""
#endif

EXPORT const char *const auscult_source = SOURCE_DIGEST;
