using System.CommandLine;
using Entrepot.Core.Faults;
using Entrepot.Server.Api;
using Entrepot.Trust.Tokens;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot token revoke</c>.</summary>
internal static class TokenRevokeCommand
{
    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var token = new Argument<string>("token") { Description = "Its name, or its identifier" };
        var command = common.ForNetwork(
            "revoke", "Revoke a token: it is refused from now on",
            ("entrepot token revoke ci", "The newest token of that name"));
        command.Add(token);
        command.Add(common.DryRun);
        return command.Runs(environment, common, async (context, cancellation) =>
        {
            var wanted = context.Get(token);
            var client = await context.ConnectAsync(cancellation);
            if (context.Get(common.DryRun))
            {
                var tokens = await client.ListTokensAsync(cancellation);
                var found = tokens.Where(known => known.Id == wanted || known.Name == wanted).MaxBy(static known => known.IssuedAt)
                    ?? throw Fault.Of(TokenFault.NotFound, FaultKind.NotFound, $"There is no token '{wanted}'.", "See 'entrepot token list'.").ToException();
                context.Write(found, ApiJson.Default.TokenDocument, known => context.Say($"Would revoke the token '{known.Name}' ({known.Id}), which is {known.State}."));
                return ExitCodes.Done;
            }

            var revoked = await client.RevokeTokenAsync(wanted, cancellation);
            context.Write(revoked, ApiJson.Default.TokenDocument, known => context.Say($"The token '{known.Name}' ({known.Id}) is refused from now on."));
            return ExitCodes.Done;
        });
    }
}
