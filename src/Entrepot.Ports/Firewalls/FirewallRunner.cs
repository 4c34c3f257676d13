using System.Collections.Immutable;
using System.ComponentModel;
using Entrepot.Core.Faults;
using Entrepot.Core.Kernel;

namespace Entrepot.Ports.Firewalls;

/// <summary>Runs what a target rendered.</summary>
public static class FirewallRunner
{
    /// <summary>Time for one call; 65,536 elements load in under ten seconds on a small machine.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Runs commands in order and returns their answers, also those that failed.</summary>
    /// <exception cref="FaultException"><see cref="FirewallFault.ProgramMissing"/>, or it could not be run to its end.</exception>
    public static async Task<ImmutableArray<FirewallAnswer>> AskAsync(IEnumerable<FirewallCommand> commands, CancellationToken cancellation)
    {
        var answers = ImmutableArray.CreateBuilder<FirewallAnswer>();
        foreach (var command in commands)
        {
            var path = ExternalProgram.Find(command.Program) ?? throw Fault.Of(
                FirewallFault.ProgramMissing, FaultKind.Unsupported, $"'{command.Program}' is not installed on this machine.",
                $"Install the package that has {command.Program}, or choose another target.").ToException();
            try
            {
                var result = await ExternalProgram.RunAsync(path, command.Arguments, command.Input, Limit, cancellation);
                answers.Add(new FirewallAnswer(result.ExitCode, result.Output, result.Error));
            }
            catch (Exception error) when (error is TimeoutException or Win32Exception or InvalidDataException)
            {
                throw Fault.Of(FirewallFault.ProgramFailed, FaultKind.Internal, $"{command.Program} could not be run to its end: {error.Message}").ToException(error);
            }
        }

        return answers.ToImmutable();
    }

    /// <summary>What to say of a command that failed.</summary>
    public static Fault Refused(FirewallCommand command, FirewallAnswer answer) => Fault.Of(
        FirewallFault.ProgramFailed, FaultKind.Internal,
        $"{command.Program} {string.Join(' ', command.Arguments)} refused: {FirstLines(answer.Error)}",
        "Nothing of that call took effect. If other tools manage the same table or chains, let only one of them do it.");

    private static string FirstLines(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join(" / ", lines.Take(3));
    }
}
