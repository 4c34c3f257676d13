using Entrepot.Core.Documents;
using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Configuration;

namespace Entrepot.Cli.Commands;

/// <summary>What is wrong with a settings file.</summary>
/// <param name="File">The file.</param>
/// <param name="Valid">True when nothing is.</param>
/// <param name="Errors">Everything, in the file's order.</param>
internal sealed record ConfigReport(string File, bool Valid, IReadOnlyList<DocumentError> Errors);

/// <summary><c>entrepot config check</c>.</summary>
internal static class ConfigCheckCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var file = new Argument<string>("file") { Description = "The settings file" };
        var command = new ExampleCommand(
            "check", "Check a settings file: every error with its line and column; exit code 2 when there is one",
            ("entrepot config check entrepot.yaml", "Before a restart"))
        {
            file,
        };
        return command.Runs(environment, common, (context, _) =>
        {
            var path = context.Get(file);
            var result = SettingsReader.ReadFile(path);
            context.Write(new ConfigReport(path, result.Errors.Count == 0, result.Errors), CliJson.Default.ConfigReport, report =>
            {
                foreach (var error in report.Errors)
                    environment.Output.WriteLine(Printable.Text(error.ToString()));
                context.Say(report.Valid
                    ? $"{path}: {Units.Of(result.Given.Count, "setting")}, no error."
                    : $"{path}: {Units.Of(report.Errors.Count, "error")}; nothing of it would be used.");
            });
            return Task.FromResult(result.Errors.Count == 0 ? ExitCodes.Done : ExitCodes.Usage);
        });
    }
}
