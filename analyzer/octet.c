#include "analyzer/octet.h"

#define TO	OCTET_TOKEN
#define HO	OCTET_HOST
#define TU	(OCTET_TOKEN | OCTET_UNRESERVED | OCTET_HOST)
#define AL	(TU | OCTET_ALPHA)
#define DI	(TU | OCTET_DIGIT)
#define TH	(OCTET_TOKEN | OCTET_HOST)

const uint8_t	octet_class[256] = {
	['!'] = TH, ['#'] = TO, ['$'] = TH, ['%'] = TH, ['&'] = TH,
	['\''] = TH, ['('] = HO, [')'] = HO, ['*'] = TH, ['+'] = TH,
	[','] = HO, ['-'] = TU, ['.'] = TU, ['0'] = DI, DI, DI, DI, DI,
	DI, DI, DI, DI, DI, [':'] = HO, [';'] = HO, ['='] = HO,
	['A'] = AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL,
	AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, ['['] = HO,
	[']'] = HO, ['^'] = TO, ['_'] = TU, ['`'] = TO,
	['a'] = AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL,
	AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, AL, ['|'] = TO,
	['~'] = TU
};
