using System.Diagnostics.CodeAnalysis;
using Entrepot.Core.Faults;
using Entrepot.Core.Identities;
using Microsoft.AspNetCore.Http;

namespace Entrepot.Server.Scheduler;

/// <summary>What the query of a file's address asks for. Unknown parameters are ignored, so that clients may add their own.</summary>
/// <param name="Explain"><c>?explain</c>: show the choice instead of acting on it.</param>
/// <param name="MirrorList"><c>?mirrorlist</c>: list the edges.</param>
/// <param name="Digest"><c>?digest=sha256:…</c>: exactly these bytes, whatever is published under the path now.</param>
/// <param name="Avoid"><c>?avoid=edge-1,edge-2</c>: edges that the client does not want, because it tried them.</param>
internal readonly record struct RouteQuery(bool Explain, bool MirrorList, Sha256Digest? Digest, IReadOnlySet<NodeName>? Avoid)
{
    /// <summary>Most edges that a client may ask to avoid.</summary>
    public const int MaxAvoid = 16;

    public static bool TryRead(HttpRequest request, out RouteQuery query, [NotNullWhen(false)] out Fault? fault)
    {
        query = default;
        fault = null;
        if (!request.QueryString.HasValue)
            return true;
        var parameters = request.Query;
        Sha256Digest? digest = null;
        if (parameters["digest"] is { Count: > 0 } pinned)
        {
            if (!Sha256Digest.TryParse(pinned.ToString(), out var parsed))
            {
                fault = Fault.Of(
                    SchedulerFault.Query, FaultKind.Invalid, "The parameter 'digest' is no SHA-256 digest.", "Write it as sha256: and 64 hex digits.");
                return false;
            }

            digest = parsed;
        }

        HashSet<NodeName>? avoid = null;
        if (parameters["avoid"] is { Count: > 0 } avoided)
        {
            var names = avoided.ToString().Split(',', MaxAvoid + 1, StringSplitOptions.RemoveEmptyEntries);
            avoid = new HashSet<NodeName>(names.Length);
            foreach (var name in names)
            {
                if (names.Length > MaxAvoid || !NodeName.TryParse(name, out var node, out _))
                {
                    fault = Fault.Of(
                        SchedulerFault.Query, FaultKind.Invalid, "The parameter 'avoid' is no list of edges.",
                        $"Name at most {MaxAvoid} edges, separated by commas.");
                    return false;
                }

                avoid.Add(node);
            }
        }

        query = new RouteQuery(parameters.ContainsKey("explain"), parameters.ContainsKey("mirrorlist"), digest, avoid);
        return true;
    }
}
