import Yams

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
    private let members: Node.Mapping
    private var asked: Set<String> = []
    private var children: [Settings] = []

    /// - Throws: `SettingsError` when the file cannot be read or is no mapping.
    package convenience init(file: String) throws(SettingsError) {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw SettingsError(file: file, line: nil, reason: "cannot be read")
        }
        let node: Node?
        do {
            node = try compose(yaml: String(decoding: data, as: UTF8.self))
        } catch let error as YamlError {
            throw SettingsError(file: file, line: Self.line(of: error), reason: "no YAML: \(Self.problem(of: error))")
        } catch {
            throw SettingsError(file: file, line: nil, reason: "no YAML: \(error)")
        }
        guard case .mapping(let members)? = node else {
            throw SettingsError(file: file, line: nil, reason: "must hold names and values")
        }
        self.init(file: file, names: [], members)
    }

    private init(file: String, names: [String], _ members: Node.Mapping) {
        self.file = file
        self.names = names
        self.members = members
    }

    /// A mapping below this one; one without members where there is none.
    package func mapping(_ name: String) throws(SettingsError) -> Settings {
        let child: Settings
        switch node(name) {
        case nil: child = Settings(file: file, names: names + [name], Node.Mapping([]))
        case .mapping(let members)?: child = Settings(file: file, names: names + [name], members)
        case let other?: throw error(name, other, "must hold names and values")
        }
        children.append(child)
        return child
    }

    /// The mappings of a list.
    package func mappings(_ name: String) throws(SettingsError) -> [Settings] {
        guard let node = node(name) else { return [] }
        guard case .sequence(let items) = node else { throw error(name, node, "must be a list") }
        var result: [Settings] = []
        for (index, item) in items.enumerated() {
            guard case .mapping(let members) = item else { throw error(name, item, "must be a list of mappings") }
            result.append(Settings(file: file, names: names + ["\(name)[\(index)]"], members))
        }
        children += result
        return result
    }

    package func string(_ name: String) throws(SettingsError) -> String? {
        guard let node = node(name) else { return nil }
        guard case .scalar(let scalar) = node else { throw error(name, node, "must be a text") }
        return scalar.string
    }

    package func double(_ name: String) throws(SettingsError) -> Double? {
        guard let node = node(name) else { return nil }
        guard case .scalar(let scalar) = node, let value = Double(scalar.string), value.isFinite else {
            throw error(name, node, "must be a number\(Self.got(node))")
        }
        return value
    }

    package func int(_ name: String) throws(SettingsError) -> Int? {
        guard let node = node(name) else { return nil }
        guard let value = Self.int(node) else { throw error(name, node, "must be a whole number\(Self.got(node))") }
        return value
    }

    /// One whole number, or a list of them.
    package func ints(_ name: String) throws(SettingsError) -> [Int]? {
        guard let node = node(name) else { return nil }
        if case .sequence(let items) = node {
            let values = items.compactMap(Self.int)
            guard values.count == items.count else { throw error(name, node, "must be whole numbers") }
            return values
        }
        return try int(name).map { [$0] }
    }

    package func bool(_ name: String) throws(SettingsError) -> Bool? {
        guard let node = node(name) else { return nil }
        guard case .scalar(let scalar) = node, let value = Self.truths[scalar.string.lowercased()] else {
            throw error(name, node, "must be true or false\(Self.got(node))")
        }
        return value
    }

    /// One text, or a list of them.
    package func strings(_ name: String) throws(SettingsError) -> [String]? {
        guard let node = node(name) else { return nil }
        if case .sequence(let items) = node { return items.compactMap(\.string) }
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
    package func isList(_ name: String) -> Bool { if case .sequence = members[Node(name)] { true } else { false } }

    /// Whether a name is there with a value.
    package func has(_ name: String) -> Bool { node(name) != nil }

    /// Names that were never asked for, here and below, with their lines.
    package var unasked: [(name: String, line: Int?)] {
        let here = members.compactMap { key, value -> (name: String, line: Int?)? in
            guard let name = key.string, !asked.contains(name) else { return nil }
            return ((names + [name]).joined(separator: "."), (key.mark ?? value.mark)?.line)
        }
        return here + children.flatMap(\.unasked)
    }

    /// An error at a value.
    package func error(_ name: String, _ reason: String) -> SettingsError {
        let line = members[Node(name)]?.mark?.line
        return SettingsError(file: file, line: line, reason: "\((names + [name]).joined(separator: ".")) \(reason)")
    }

    private func error(_ name: String, _ node: Node, _ reason: String) -> SettingsError {
        SettingsError(
            file: file, line: node.mark?.line, reason: "\((names + [name]).joined(separator: ".")) \(reason)")
    }

    private func node(_ name: String) -> Node? {
        asked.insert(name)
        guard let node = members[Node(name)] else { return nil }
        if case .scalar(let scalar) = node, scalar.style == .plain, Self.nulls.contains(scalar.string) { return nil }
        return node
    }

    private static let truths = ["true": true, "yes": true, "on": true, "false": false, "no": false, "off": false]
    private static let nulls: Set = ["", "~", "null", "Null", "NULL"]

    private static func int(_ node: Node) -> Int? {
        guard case .scalar(let scalar) = node else { return nil }
        return Int(scalar.string) ?? Double(scalar.string).flatMap { Int(exactly: $0) }
    }

    private static func got(_ node: Node) -> String {
        if case .scalar(let scalar) = node { ", got '\(scalar.string)'" } else { "" }
    }

    private static func line(of error: YamlError) -> Int? {
        switch error {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: nil
        }
    }

    private static func problem(of error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
        default: "\(error)"
        }
    }
}
