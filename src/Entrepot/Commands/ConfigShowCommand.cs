using System.CommandLine;
using System.Text.Json;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Configuration;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot config show</c>.</summary>
internal static class ConfigShowCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var config = SettingsOptions.Config();
        var command = new ExampleCommand(
            "show", "Show every setting as it would take effect, in the form of a settings file",
            ("entrepot config show", "The defaults"),
            ("entrepot config show --config entrepot.yaml", "A file's settings and the defaults beside them"))
        {
            config,
        };
        return command.Runs(environment, common, (context, _) =>
        {
            var path = context.Get(config) ?? environment.Variable("ENTREPOT_CONFIG");
            var result = path is null ? new SettingsResult(Settings.Default, [], new HashSet<string>()) : SettingsReader.ReadFile(path);
            var settings = result.Require();
            if (context.Format == OutputFormat.Json)
            {
                using var document = JsonDocument.Parse(SettingsWriter.WriteJson(settings));
                JsonOutput.Write(environment.Output, document.RootElement, CliJson.Default.JsonElement);
            }
            else
            {
                environment.Output.Write(SettingsWriter.Write(settings, result.Given));
            }

            return Task.FromResult(ExitCodes.Done);
        });
    }
}
