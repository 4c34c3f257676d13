using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Commands;

/// <summary>What runs here.</summary>
/// <param name="Version">The product's version with the source revision.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="System">The operating system and the processor.</param>
internal sealed record VersionDocument(string Version, string Runtime, string System);

/// <summary><c>entrepot version</c> and <c>--version</c>.</summary>
internal static class VersionCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
        => new ExampleCommand("version", "Show the version of this program, its runtime and its system", ("entrepot version --output json", "For a program"))
            .Runs(environment, common, (context, _) =>
            {
                var document = new VersionDocument(
                    ClientHandler.Version, RuntimeInformation.FrameworkDescription, $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}");
                context.Write(document, CliJson.Default.VersionDocument, static _ => { });
                if (context.Format == OutputFormat.Table)
                    Tables.WritePairs(context, ("entrepot", document.Version), ("runtime", document.Runtime), ("system", document.System));
                return Task.FromResult(ExitCodes.Done);
            });

    /// <summary>What <c>--version</c> does: one line.</summary>
    public static SynchronousCommandLineAction OptionAction(CliEnvironment environment) => new PrintVersion(environment);

    private sealed class PrintVersion(CliEnvironment environment) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            environment.Output.WriteLine($"entrepot {ClientHandler.Version}");
            return ExitCodes.Done;
        }
    }
}
