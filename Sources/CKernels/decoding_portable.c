#include "decoding_rows.h"

void decode_block_portable(const struct decoding_part *part, int first, int keys) { decode(part, first, keys); }
