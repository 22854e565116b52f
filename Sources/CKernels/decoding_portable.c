#include "decoding_rows.h"

void decode_part_portable(const struct decoding_part *part) { decode(part); }
