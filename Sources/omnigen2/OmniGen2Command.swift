import ArgumentParser
import OmniGen2

/// The root of the command line.
struct OmniGen2Command: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "omnigen2",
        abstract: "Draw, edit and talk about pictures with OmniGen2.",
        version: omniGen2Version,
        subcommands: [
            GenerateCommand.self, EditCommand.self, DescribeCommand.self, ChatCommand.self, ServeCommand.self,
            ConvertCommand.self,
            QuantizeCommand.self, PlanCommand.self,
            InitCommand.self, TrainCommand.self, DataCommand.self,
            BenchCommand.self, InfoCommand.self,
        ])
}
