// What products cost, a multiplication and an addition being two operations.

/// inputs x outputs weights met by so many rows.
package func productOperations(_ rows: Int, _ inputs: Int, _ outputs: Int) -> Double {
    2 * Double(rows) * Double(inputs) * Double(outputs)
}

/// Queries and keys of heads that are `width` wide together, each query meeting each key: scores and weighted values.
package func attentionOperations(_ queries: Int, _ keys: Int, width: Int) -> Double {
    4 * Double(queries) * Double(keys) * Double(width)
}
