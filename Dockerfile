# A static binary in an image without a shell, run by a user without rights.
#
#   docker build -t bakplane .
#   docker run -v bakplane:/data -e BAKPLANE_INSECURE=true -p 127.0.0.1:8620:8620 bakplane
#
# It listens on every interface of the container and therefore asks for
# BAKPLANE_TLS_CERT and BAKPLANE_TLS_KEY, or for BAKPLANE_INSECURE=true where
# a proxy in front adds TLS or the port is published on loopback only.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/dashboard ./cmd/dashboard && mkdir /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/dashboard /dashboard
COPY --from=build --chown=65532:65532 /out/data /data
ENV BAKPLANE_DATA=/data BAKPLANE_LISTEN=0.0.0.0:8620
VOLUME /data
EXPOSE 8620
USER 65532:65532
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["/dashboard", "health"]
ENTRYPOINT ["/dashboard"]
CMD ["serve"]
