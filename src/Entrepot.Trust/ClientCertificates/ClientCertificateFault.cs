namespace Entrepot.Trust.ClientCertificates;

/// <summary>Why a client's certificate is not made or revoked.</summary>
public enum ClientCertificateFault
{
    /// <summary>It can't live so long, or so short.</summary>
    Lifetime,

    /// <summary>It is for too many mirrors.</summary>
    Mirrors,

    /// <summary>One of that name is in use.</summary>
    NameTaken,

    /// <summary>Too many are in use.</summary>
    TooMany,

    /// <summary>There is none of that name.</summary>
    NotFound,
}
