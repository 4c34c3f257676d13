using System.CommandLine;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot audit checkpoint</c>.</summary>
internal static class AuditCheckpointCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var key = new Option<bool>("--key") { Description = "Print the public key that signs checkpoints, PEM, instead" };
        var command = common.ForNetwork(
            "checkpoint", "Sign how far the journal goes now, and print that: kept elsewhere, it proves later that nothing before it was changed or cut off",
            ("entrepot audit checkpoint > \"$(date +%F).checkpoint\"", "Every day, to a place that this machine can't write to again"),
            ("entrepot audit checkpoint --key > journal.pem", "Once, for whoever will verify"));
        command.Add(key);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var client = await context.ConnectAsync(cancellation);
            var checkpoint = await client.SignJournalAsync(cancellation);
            context.Write(checkpoint, ApiJson.Default.CheckpointDocument, signed => environment.Output.Write(context.Get(key) ? signed.PublicKey : signed.Text));
            return ExitCodes.Done;
        });
    }
}
