import OmniGen2

/// The last conversations with what the model has read of them: a client sends the whole conversation each time, and only what
/// is new in it need be read.
struct RememberedConversations {
    private struct Entry {
        let system: String?
        let turns: [Conversation.PastTurn]
        let conversation: Conversation
    }

    /// Each keeps its keys and values: about 37 kB a token of the published model.
    private static let capacity = 4
    /// The last used is the last.
    private var entries: [Entry] = []

    mutating func keep(_ conversation: Conversation, system: String?, turns: [Conversation.PastTurn]) {
        entries.append(Entry(system: system, turns: turns, conversation: conversation))
        if entries.count > Self.capacity { entries.removeFirst() }
    }

    /// Gives out the conversation of these turns, if it is there; it belongs to the caller then.
    mutating func take(system: String?, turns: [Conversation.PastTurn]) -> Conversation? {
        guard !turns.isEmpty, let index = entries.lastIndex(where: { $0.system == system && $0.turns == turns }) else {
            return nil
        }
        return entries.remove(at: index).conversation
    }
}
