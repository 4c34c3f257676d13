using System.CommandLine;
using Entrepot.Cli.Rendering;
using Entrepot.Server.Api;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot token list</c>.</summary>
internal static class TokenListCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
        => common.ForNetwork("list", "List the tokens: who may do what, and until when", ("entrepot token list", "Live, expired and revoked ones"))
            .Runs(environment, common, async (context, cancellation) =>
            {
                var client = await context.ConnectAsync(cancellation);
                var tokens = await client.ListTokensAsync(cancellation);
                context.Write(tokens, ApiJson.Default.IReadOnlyListTokenDocument, found => Tables.Write(
                    context, ["name", "state", "roles", "mirrors", "expires", "made by", "id"],
                    [.. found.Select(static token => (string[])
                    [
                        token.Name, token.State, string.Join(", ", token.Roles), token.Mirrors.Count == 0 ? "all" : string.Join(", ", token.Mirrors),
                        Units.Time(token.ExpiresAt), token.IssuedBy, token.Id,
                    ])],
                    "There is no token; 'entrepot token create' makes one."));
                return ExitCodes.Done;
            });
}
