using Entrepot.Trust.Accounts;
using Entrepot.Trust.Tokens;
using Entrepot.Trust.Urls;

namespace Entrepot.Server.Access;

/// <summary>How a surface decides who may do what.</summary>
/// <param name="Surface">Its name.</param>
internal sealed record SurfaceAccess(string Surface)
{
    /// <summary>Judges tokens; null where none can be judged: there a token says nothing.</summary>
    public ITokenJudge? Tokens { get; init; }

    /// <summary>The sessions of people; null where none is judged.</summary>
    public SessionBook? Sessions { get; init; }

    /// <summary>True where a browser's cookie stands for its session.</summary>
    public bool TakesCookies { get; init; }

    /// <summary>By which nodes sign what they read, where reading takes a credential; null where none is signed.</summary>
    public IUrlKeys? Urls { get; init; }

    /// <summary>True where content and network may be read by everybody; private mirrors ask for themselves.</summary>
    public bool OpenReading { get; init; }

    /// <summary>Told of credentials that are not good, so that nobody tries for ever; null where no token is judged.</summary>
    public FailureBook? Failures { get; init; }
}
