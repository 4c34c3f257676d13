using System.CommandLine;
using Entrepot.Ports.Declarations;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot ports schema</c>.</summary>
internal static class PortsSchemaCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
        => new ExampleCommand(
            "schema", "Print the JSON Schema of portfiles, with which editors check and complete them",
            ("entrepot ports schema > portfile.schema.json", "Then put '# yaml-language-server: $schema=portfile.schema.json' on a portfile's first line"))
        .Runs(environment, common, (_, _) =>
        {
            environment.Output.Write(PortfileSchema.Text);
            return Task.FromResult(ExitCodes.Done);
        });
}
