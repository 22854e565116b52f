#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What is wrong with a settings file, and where.
package struct SettingsError: Error, Equatable, Sendable, CustomStringConvertible {
    package let file: String
    package let line: Int?
    package let reason: String

    package var description: String { "\(file)\(line.map { ":\($0)" } ?? ""): \(reason)" }
}

/// A mapping in a YAML file. Members are asked for by name; those nobody asked for can be listed.
package final class Settings {
    package let file: String
    /// Names of the mappings this one lies in, outermost first.
    private let names: [String]
    private let members: [(key: YAMLNode, value: YAMLNode)]
    private var asked: Set<String> = []
    private var children: [Settings] = []

    /// - Throws: `SettingsError` when the file cannot be read or is no mapping.
    package convenience init(file: String) throws(SettingsError) {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw SettingsError(file: file, line: nil, reason: "cannot be read")
        }
        let node: YAMLNode?
        do {
            node = try YAMLNode.parse(String(decoding: data, as: UTF8.self))
        } catch {
            throw SettingsError(file: file, line: error.line, reason: "no YAML: \(error.problem)")
        }
        guard case .mapping(let members)? = node?.content else {
            throw SettingsError(file: file, line: nil, reason: "must hold names and values")
        }
        self.init(file: file, names: [], members)
    }

    private init(file: String, names: [String], _ members: [(key: YAMLNode, value: YAMLNode)]) {
        self.file = file
        self.names = names
        self.members = members
    }

    /// A mapping below this one; one without members where there is none.
    package func mapping(_ name: String) throws(SettingsError) -> Settings {
        let node = node(name)
        let child: Settings
        switch node?.content {
        case nil: child = Settings(file: file, names: names + [name], [])
        case .mapping(let members)?: child = Settings(file: file, names: names + [name], members)
        default: throw error(name, "must hold names and values")
        }
        children.append(child)
        return child
    }

    /// The mappings of a list.
    package func mappings(_ name: String) throws(SettingsError) -> [Settings] {
        guard let node = node(name) else { return [] }
        guard case .sequence(let items) = node.content else { throw error(name, "must be a list") }
        var result: [Settings] = []
        for (index, item) in items.enumerated() {
            guard case .mapping(let members) = item.content else { throw error(name, "must be a list of mappings") }
            result.append(Settings(file: file, names: names + ["\(name)[\(index)]"], members))
        }
        children += result
        return result
    }

    package func string(_ name: String) throws(SettingsError) -> String? {
        guard let node = node(name) else { return nil }
        guard case .scalar(let text, _) = node.content else { throw error(name, "must be a text") }
        return text
    }

    package func double(_ name: String) throws(SettingsError) -> Double? {
        guard let node = node(name) else { return nil }
        guard case .scalar(let text, _) = node.content, let value = Double(text), value.isFinite else {
            throw error(name, "must be a number\(Self.got(node))")
        }
        return value
    }

    package func int(_ name: String) throws(SettingsError) -> Int? {
        guard let node = node(name) else { return nil }
        guard let value = Self.int(node) else { throw error(name, "must be a whole number\(Self.got(node))") }
        return value
    }

    /// One whole number, or a list of them.
    package func ints(_ name: String) throws(SettingsError) -> [Int]? {
        guard let node = node(name) else { return nil }
        if case .sequence(let items) = node.content {
            let values = items.compactMap(Self.int)
            guard values.count == items.count else { throw error(name, "must be whole numbers") }
            return values
        }
        return try int(name).map { [$0] }
    }

    package func bool(_ name: String) throws(SettingsError) -> Bool? {
        guard let node = node(name) else { return nil }
        guard case .scalar(let text, _) = node.content, let value = Self.truths[text.lowercased()] else {
            throw error(name, "must be true or false\(Self.got(node))")
        }
        return value
    }

    /// One text, or a list of them.
    package func strings(_ name: String) throws(SettingsError) -> [String]? {
        guard let node = node(name) else { return nil }
        if case .sequence(let items) = node.content { return items.compactMap(Self.text) }
        return try string(name).map { [$0] }
    }

    /// A number within bounds.
    package func double(
        _ name: String, in range: ClosedRange<Double>, or fallback: Double
    ) throws(SettingsError) -> Double {
        let value = try double(name) ?? fallback
        guard range.contains(value) else {
            throw error(name, "must be between \(range.lowerBound) and \(range.upperBound), got \(value)")
        }
        return value
    }

    package func int(_ name: String, atLeast least: Int, or fallback: Int) throws(SettingsError) -> Int {
        let value = try int(name) ?? fallback
        guard value >= least else { throw error(name, "must be at least \(least), got \(value)") }
        return value
    }

    /// One of some words.
    package func word(_ name: String, among words: [String], or fallback: String) throws(SettingsError) -> String {
        let word = try string(name) ?? fallback
        guard words.contains(word) else {
            throw error(name, "must be one of \(words.joined(separator: ", ")), got '\(word)'")
        }
        return word
    }

    /// Whether a name holds a list.
    package func isList(_ name: String) -> Bool { if case .sequence? = node(name)?.content { true } else { false } }

    /// Whether a name is there with a value.
    package func has(_ name: String) -> Bool { node(name) != nil }

    /// Names that were never asked for, here and below, with their lines.
    package var unasked: [(name: String, line: Int?)] {
        let here = members.compactMap { key, _ -> (name: String, line: Int?)? in
            guard let name = Self.text(key), !asked.contains(name) else { return nil }
            return ((names + [name]).joined(separator: "."), key.line)
        }
        return here + children.flatMap(\.unasked)
    }

    /// An error at a value.
    package func error(_ name: String, _ reason: String) -> SettingsError {
        let line = members.first { Self.text($0.key) == name }?.value.line
        return SettingsError(file: file, line: line, reason: "\((names + [name]).joined(separator: ".")) \(reason)")
    }

    private func node(_ name: String) -> YAMLNode? {
        asked.insert(name)
        guard let node = members.last(where: { Self.text($0.key) == name })?.value else { return nil }
        if case .scalar(let text, isPlain: true) = node.content, Self.nulls.contains(text) { return nil }
        return node
    }

    private static let truths = ["true": true, "yes": true, "on": true, "false": false, "no": false, "off": false]
    private static let nulls: Set = ["", "~", "null", "Null", "NULL"]

    private static func text(_ node: YAMLNode) -> String? {
        if case .scalar(let text, _) = node.content { text } else { nil }
    }

    private static func int(_ node: YAMLNode) -> Int? {
        text(node).flatMap { Int($0) ?? Double($0).flatMap { Int(exactly: $0) } }
    }

    private static func got(_ node: YAMLNode) -> String { text(node).map { ", got '\($0)'" } ?? "" }
}
