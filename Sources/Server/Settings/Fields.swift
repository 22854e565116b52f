import OmniGen2

/// The fields of a request, of JSON or of a form, read one by one: each is named in the error if it is of the wrong kind, and
/// those that nobody has read are known in the end.
package struct Fields {
    private var values: [String: JSONValue]
    /// A form has text only: numbers are read out of it.
    private let isForm: Bool
    private var read: Set<String> = []

    package init(_ document: JSONValue) throws(APIError) {
        guard let members = document.members else { throw .invalid("the body must be a JSON object") }
        (values, isForm) = (members, false)
    }

    /// - Parameter form: names and texts; of several of one name the last counts.
    package init(form: [(name: String, text: String)]) {
        values = Dictionary(form.map { ($0.name, .string($0.text)) }) { $1 }
        isForm = true
    }

    /// What nothing was made of.
    package var unread: [String] { values.keys.filter { !read.contains($0) }.sorted() }

    /// So many fields are named that nothing was made of.
    private static let largestWarnings = 10

    /// Says what nothing was made of: a name that is spelled wrongly changes nothing, silently otherwise.
    var unreadWarnings: [String] {
        unread.prefix(Self.largestWarnings).map { "the field '\($0.prefix(80))' is not known" }
    }

    /// Takes fields that clients send and that change nothing here.
    package mutating func ignore(_ names: String...) { read.formUnion(names) }

    /// Gives a field a value where it has none.
    package mutating func assume(_ name: String, _ value: JSONValue) {
        if values[name] == nil { values[name] = value }
    }

    package mutating func value(_ name: String) -> JSONValue? {
        read.insert(name)
        guard let value = values[name], value != .null else { return nil }
        if isForm, case .string(let text) = value, text.isEmpty { return nil }
        return value
    }

    /// The first of several names that is there.
    private mutating func first(_ names: [String]) -> (name: String, value: JSONValue)? {
        var found: (String, JSONValue)?
        for name in names {
            if let value = value(name), found == nil { found = (name, value) }
        }
        return found
    }

    package mutating func string(_ names: String...) throws(APIError) -> String? {
        guard let (name, value) = first(names) else { return nil }
        guard let text = value.string else { throw Self.wrong(name, "a string", value) }
        guard !text.utf8.contains(0) else { throw .invalid("\(name) contains a NUL", name) }
        return text
    }

    package mutating func int(_ names: String...) throws(APIError) -> Int? {
        guard let (name, value) = first(names) else { return nil }
        if let number = value.int { return number }
        if isForm, let number = value.string.flatMap({ Int($0) }) { return number }
        throw Self.wrong(name, "a whole number", value)
    }

    package mutating func double(_ names: String...) throws(APIError) -> Double? {
        guard let (name, value) = first(names) else { return nil }
        if let number = value.double, number.isFinite { return number }
        if isForm, let number = value.string.flatMap({ Double($0) }), number.isFinite { return number }
        throw Self.wrong(name, "a number", value)
    }

    package mutating func bool(_ names: String...) throws(APIError) -> Bool? {
        guard let (name, value) = first(names) else { return nil }
        if let truth = value.bool { return truth }
        if isForm {
            switch value.string?.lowercased() {
            case "true", "1", "on", "yes": return true
            case "false", "0", "off", "no": return false
            default: break
            }
        }
        throw Self.wrong(name, "true or false", value)
    }

    /// An array or an object; a form has it as the text of JSON.
    package mutating func document(_ name: String) throws(APIError) -> JSONValue? {
        guard let value = value(name) else { return nil }
        guard isForm, let text = value.string, text.first.map({ "[{".contains($0) }) == true else { return value }
        guard let document = try? JSONValue(parsing: Array(text.utf8)) else { throw Self.wrong(name, "JSON", value) }
        return document
    }

    private static func wrong(_ name: String, _ expected: String, _ value: JSONValue) -> APIError {
        .invalid("\(name) must be \(expected), got \(value.excerpt)", name)
    }
}
