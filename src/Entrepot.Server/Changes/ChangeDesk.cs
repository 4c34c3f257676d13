using Entrepot.Core.Faults;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Configuration;
using Entrepot.Trust.Changes;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Changes;

/// <summary>What an origin has of changes before its roles start: the book, and the portfile that was approved last.</summary>
internal sealed class ChangeDesk
{
    private ChangeDesk(ChangeBook book, AcceptedPortfile? portfile) => (Book, Portfile) = (book, portfile);

    public ChangeBook Book { get; }

    /// <summary>The portfile that was approved last; null when it needs no approval.</summary>
    public AcceptedPortfile? Portfile { get; }

    /// <summary>Opens it.</summary>
    /// <exception cref="FaultException">The portfile, the first time that it needs approval; <see cref="SecretFault"/>.</exception>
    public static async Task<ChangeDesk> OpenAsync(
        Settings settings, StateDatabase state, SealingKey sealing, string network, ILogger logger, TimeProvider time, CancellationToken cancellation)
    {
        var rules = settings.Changes;
        var key = await ChangeKey.OpenAsync(state, sealing, cancellation);
        var book = new ChangeBook(state, key, network, new ChangeTerms(rules.ProposalLifetime, rules.ApprovalLifetime, rules.ReviewWithin), time);
        if (rules.Needs(ChangedDocument.Portfile) && settings.Portfile is { } path)
            return new ChangeDesk(book, await AcceptedPortfile.OpenAsync(book, state, path, time, logger, cancellation));
        if (book.Accepted(ChangedDocument.Portfile) is not null)
            await book.UnacceptAsync(ChangedDocument.Portfile, "system:changes", cancellation);
        return new ChangeDesk(book, null);
    }
}
