# The image of a release: the static binary alone, run by nobody in particular.
# make release, then docker build -t keyhaven .
FROM scratch
ARG TARGETOS=linux
ARG TARGETARCH=amd64
COPY dist/keyhaven-${TARGETOS}-${TARGETARCH} /keyhaven
# Any user does, as long as the volume is its own: docker run --user.
USER 10001:10001
ENV KEYHAVEN_DATA=/data KEYHAVEN_LISTEN=:9000 KEYHAVEN_CONSOLE_LISTEN=:9001
EXPOSE 9000 9001
VOLUME /data
HEALTHCHECK --interval=30s --timeout=5s CMD ["/keyhaven", "status"]
ENTRYPOINT ["/keyhaven"]
CMD ["serve"]
