import CYAML

/// A value in a YAML file, and the line it begins on, counted from 1. Anchors have been followed.
struct YAMLNode {
    enum Content {
        /// - Parameter isPlain: not in quotes.
        case scalar(String, isPlain: Bool)
        case sequence([YAMLNode])
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    let content: Content
    let line: Int

    /// What is wrong with a text that should be YAML.
    struct ParseError: Error {
        let line: Int
        let problem: String
    }

    /// Deeper files are refused: an anchor can contain itself.
    private static let maximumDepth = 64
    /// Larger files are refused: anchors can multiply.
    private static let maximumNodes = 1_000_000

    /// The first document of a text; `nil` when there is none.
    ///
    /// - Throws: `ParseError` when it is no YAML.
    static func parse(_ text: String) throws(ParseError) -> YAMLNode? {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) != 0 else { throw ParseError(line: 1, problem: "out of memory") }
        defer { yaml_parser_delete(&parser) }
        let bytes = Array(text.utf8)
        var document = yaml_document_t()
        // The parser reads the bytes until the document is loaded.
        let isLoaded = bytes.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            return yaml_parser_load(&parser, &document) != 0
        }
        guard isLoaded else {
            let problem = parser.problem.map { String(cString: $0) } ?? "it cannot be read"
            throw ParseError(line: Int(parser.problem_mark.line) + 1, problem: problem)
        }
        defer { yaml_document_delete(&document) }
        guard let root = yaml_document_get_root_node(&document) else { return nil }
        var nodes = 0
        return try node(root, &document, depth: 0, &nodes)
    }

    private static func node(
        _ node: UnsafeMutablePointer<yaml_node_t>, _ document: inout yaml_document_t, depth: Int, _ count: inout Int
    ) throws(ParseError) -> YAMLNode {
        let line = Int(node.pointee.start_mark.line) + 1
        count += 1
        guard depth < maximumDepth, count < maximumNodes else {
            throw ParseError(line: line, problem: "too deep, or too large")
        }
        func child(_ index: Int32) throws(ParseError) -> YAMLNode {
            guard let found = yaml_document_get_node(&document, index) else {
                throw ParseError(line: line, problem: "a value is missing")
            }
            return try self.node(found, &document, depth: depth + 1, &count)
        }
        switch node.pointee.type {
        case YAML_SEQUENCE_NODE:
            let items = node.pointee.data.sequence.items
            var values: [YAMLNode] = []
            for item in list(items.start, items.top) { values.append(try child(item)) }
            return YAMLNode(content: .sequence(values), line: line)
        case YAML_MAPPING_NODE:
            let pairs = node.pointee.data.mapping.pairs
            var members: [(key: YAMLNode, value: YAMLNode)] = []
            for pair in list(pairs.start, pairs.top) { members.append((try child(pair.key), try child(pair.value))) }
            return YAMLNode(content: .mapping(members), line: line)
        default:
            let scalar = node.pointee.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            return YAMLNode(content: .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), line: line)
        }
    }

    /// The elements from `start` up to `top`, as the library keeps its stacks.
    private static func list<Element>(
        _ start: UnsafeMutablePointer<Element>?, _ top: UnsafeMutablePointer<Element>?
    ) -> UnsafeBufferPointer<Element> {
        guard let start, let top else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(start: start, count: top - start)
    }
}
