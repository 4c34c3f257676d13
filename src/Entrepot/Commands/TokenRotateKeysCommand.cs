using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Core.Documents;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot token rotate-keys</c>.</summary>
internal static class TokenRotateKeysCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var overlap = new Option<string?>("--overlap")
        {
            Description = "For how long tokens of the key before are still good; 0s refuses them at once [default: until each expires]", HelpName = "TIME",
        };
        var command = common.ForNetwork(
            "rotate-keys", "Sign tokens by a new key from now on",
            ("entrepot token rotate-keys", "As a habit: nobody notices"),
            ("entrepot token rotate-keys --overlap 0s --yes", "The key became known: every token is refused, and new ones must be made"));
        command.Add(overlap);
        command.Add(common.Yes);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            TimeSpan? span = null;
            if (context.Get(overlap) is { } text)
                span = Duration.TryParse(text, out var read)
                    ? read
                    : throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"--overlap '{text}' is no span of time.", "Write one such as 0s, 12h or 7d.").ToException();
            var request = new RotateKeysRequest(span is { } stated ? (long)stated.TotalSeconds : null);
            var effect = span is null ? "tokens of the key before are good until they expire" : $"tokens of the key before are good for {Duration.Format(span.Value)} more";
            if (context.Get(common.DryRun))
            {
                context.Write(request, ApiJson.Default.RotateKeysRequest, _ => context.Say($"Would make a new key; {effect}."));
                return ExitCodes.Done;
            }

            if (span is not null && !context.Confirm($"Make a new key? With this, {effect}.", required: true))
                return ExitCodes.Negative;
            var client = await context.ConnectAsync(cancellation);
            var rotation = await client.RotateTokenKeysAsync(request, cancellation);
            context.Write(rotation, ApiJson.Default.KeyRotationDocument, made =>
                context.Say($"The key {made.KeyId} signs from now on; those before verify until {Units.Time(made.OldKeysEnd)}."));
            return ExitCodes.Done;
        });
    }
}
