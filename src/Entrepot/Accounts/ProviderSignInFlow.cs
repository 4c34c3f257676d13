using Entrepot.Cli.Commands;
using Entrepot.Core.Faults;
using Entrepot.Server.Client;

namespace Entrepot.Cli.Accounts;

/// <summary>Signs in through the organisation's provider: a person opens an address in a browser on whatever machine has one, and this command waits.</summary>
internal static class ProviderSignInFlow
{
    /// <summary>Longest pause between two questions in seconds, whatever the node says.</summary>
    private const int MaxInterval = 30;

    /// <summary>Waits until somebody has signed this command in, or the time for it is over.</summary>
    public static async Task<int> RunAsync(CommandContext context, EntrepotClient client, CancellationToken cancellation)
    {
        var environment = context.Environment;
        var begun = await client.BeginCommandSignInAsync(cancellation);
        environment.Error.WriteLine($"Open this in a browser, on any machine, and go on there if it shows the code {begun.Code}:");
        environment.Error.WriteLine(begun.Url);
        while (true)
        {
            await Task.Delay(TimeSpan.FromSeconds(Math.Clamp(begun.Interval, 1, MaxInterval)), environment.Time, cancellation);
            try
            {
                if (await client.CollectSessionAsync(begun.Handle, cancellation) is { } session)
                    return SignInCommand.Keep(context, client, session, session.Name);
            }
            catch (FaultException error) when (error.Fault.Kind == FaultKind.Unavailable && environment.Time.GetUtcNow() < begun.Ends)
            {
                // A question that got lost is asked again.
            }

            if (environment.Time.GetUtcNow() >= begun.Ends)
                throw Fault.Of(CliFault.Usage, FaultKind.Unavailable, "nobody signed this command in by a browser in time.", "Run it again.").ToException();
        }
    }
}
