using System.Globalization;
using Entrepot.Server.Api;

namespace Entrepot.Server.Client;

/// <content>Changes of documents.</content>
public sealed partial class EntrepotClient
{
    /// <summary>A document as it is in force: <c>portfile</c> or <c>mirrors</c>.</summary>
    public Task<CurrentDocument> GetDocumentAsync(string document, CancellationToken cancellation = default)
        => GetAsync("admin", $"/v1/documents/{Uri.EscapeDataString(document)}", ApiJson.Default.CurrentDocument, cancellation);

    /// <summary>Changes, newest first, and what somebody should look at.</summary>
    public Task<ChangeListDocument> ListChangesAsync(CancellationToken cancellation = default)
        => GetAsync("admin", "/v1/changes", ApiJson.Default.ChangeListDocument, cancellation);

    /// <summary>One change with its diff and effect.</summary>
    public Task<ChangeDocument> GetChangeAsync(long id, CancellationToken cancellation = default)
        => GetAsync("admin", Path(id), ApiJson.Default.ChangeDocument, cancellation);

    /// <summary>Proposes a change, or asks what it would do.</summary>
    public Task<ChangeDocument> ProposeChangeAsync(ProposeChangeRequest request, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Post, "/v1/changes", Json(request, ApiJson.Default.ProposeChangeRequest), ApiJson.Default.ChangeDocument, cancellation);

    /// <summary>Approves a change of somebody else.</summary>
    /// <exception cref="Core.Faults.FaultException"><see cref="ClientFault.ClearText"/>: nothing was sent.</exception>
    public Task<ChangeDocument> ApproveChangeAsync(long id, ProveChangeRequest request, CancellationToken cancellation = default)
        => CallAsync(Confidential("admin"), HttpMethod.Post, $"{Path(id)}/approve", Json(request, ApiJson.Default.ProveChangeRequest), ApiJson.Default.ChangeDocument, cancellation);

    /// <summary>Rejects a change of somebody else.</summary>
    public Task<ChangeDocument> RejectChangeAsync(long id, RejectChangeRequest request, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Post, $"{Path(id)}/reject", Json(request, ApiJson.Default.RejectChangeRequest), ApiJson.Default.ChangeDocument, cancellation);

    /// <summary>Applies a change.</summary>
    public Task<ChangeDocument> ApplyChangeAsync(long id, ApplyChangeRequest request, CancellationToken cancellation = default)
        => CallAsync("admin", HttpMethod.Post, $"{Path(id)}/apply", Json(request, ApiJson.Default.ApplyChangeRequest), ApiJson.Default.ChangeDocument, cancellation);

    /// <summary>Reviews a change that was applied without approval.</summary>
    /// <exception cref="Core.Faults.FaultException"><see cref="ClientFault.ClearText"/>: nothing was sent.</exception>
    public Task<ChangeDocument> ReviewChangeAsync(long id, ProveChangeRequest request, CancellationToken cancellation = default)
        => CallAsync(Confidential("admin"), HttpMethod.Post, $"{Path(id)}/review", Json(request, ApiJson.Default.ProveChangeRequest), ApiJson.Default.ChangeDocument, cancellation);

    private static string Path(long id) => string.Create(CultureInfo.InvariantCulture, $"/v1/changes/{id}");
}
