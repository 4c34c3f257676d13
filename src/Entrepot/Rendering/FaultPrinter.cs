using Entrepot.Core.Faults;

namespace Entrepot.Cli.Rendering;

/// <summary>Writes a fault to the error output.</summary>
internal static class FaultPrinter
{
    /// <summary>Writes <c>entrepot: message</c> and the cure below it, or a JSON document.</summary>
    /// <returns>The exit code.</returns>
    public static int Print(CliEnvironment environment, OutputFormat format, Fault fault)
    {
        var code = ExitCodes.Of(fault.Kind);
        if (format == OutputFormat.Json)
        {
            JsonOutput.Write(environment.Error, new FaultReport(fault.Code, fault.Kind.ToString(), fault.Message, fault.Cure, code), CliJson.Default.FaultReport);
            return code;
        }

        environment.Error.WriteLine(Printable.Text("entrepot: " + fault.Message));
        if (fault.Cure is not null)
            environment.Error.WriteLine(Printable.Text("  " + fault.Cure));
        return code;
    }
}
